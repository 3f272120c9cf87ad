/** Methods of every Buffer that the types leave out: `write` and `toString` for one encoding, without looking it up. */
interface Buffer {
  latin1Write(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
  ucs2Write(text: string, offset: number, length: number): number;
}
