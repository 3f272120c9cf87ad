/** An IP address or CIDR block (RFC 4632, RFC 4291). */
export interface AddressBlock {
  readonly bits: 32 | 128;
  readonly value: bigint;
  readonly prefix: number;
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Reads `203.0.113.0/24`, `2001:db8::/32` or one address; `null` when it is none. */
export function parseBlock(text: string): AddressBlock | null {
  const [address = '', length, ...rest] = text.split('/');
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return null;
  const bits = address.includes(':') ? 128 : 32;
  const value = bits === 32 ? parseIpv4(address) : parseIpv6(address);
  const prefix = length === undefined ? bits : Number(length);
  return value === null || prefix > bits ? null : { bits, value, prefix };
}

export function contains(block: AddressBlock, address: AddressBlock): boolean {
  if (block.bits !== address.bits) return false;
  const shift = BigInt(block.bits - block.prefix);
  return block.value >> shift === address.value >> shift;
}

function parseIpv4(text: string): bigint | null {
  const parts = IPV4.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (head === undefined) return null;
  const given = head.length + (tail?.length ?? 0);
  if (tail === undefined ? given !== 8 : given > 7) return null;
  const groups = tail === undefined ? head : [...head, ...new Array<string>(8 - given).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
