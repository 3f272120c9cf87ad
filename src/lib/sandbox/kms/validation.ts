import { decodeBase64 } from '../../base/bytes.js';
import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { malformedJson, validation } from './errors.js';
import { isObject } from './input.js';
import { INPUTS, MEMBERS, SHAPES, type Shape } from './shapes.js';

type Faults = string[];

/**
 * Checks an input against the service model.
 * @throws ServiceError ValidationException that lists every broken constraint; SerializationException for a wrong JSON type.
 */
export function validate(operation: string, input: JsonObject): void {
  const faults: Faults = [];
  for (const { name, shape, required } of membersOf(operation)) {
    const value = input[name];
    if (value === undefined || value === null) {
      if (required) faults.push(`Value null at '${camel(name)}' failed to satisfy constraint: Member must not be null`);
    } else checkMember(name, shape, value, faults);
  }
  if (faults.length > 0) {
    throw validation(
      `${faults.length} validation error${faults.length === 1 ? '' : 's'} detected: ${faults.join('; ')}`,
    );
  }
}

function membersOf(operation: string) {
  return (INPUTS[operation] ?? '').split(' ').map((word) => {
    const required = word.endsWith('!');
    const [name = '', shape] = (required ? word.slice(0, -1) : word).split(':');
    return { name, shape: SHAPES[shape ?? MEMBERS[name] ?? name], required };
  });
}

function checkMember(name: string, shape: Shape | undefined, value: JsonValue, faults: Faults): void {
  if (shape === undefined) return;
  const at = camel(name);
  if (shape.type === 'list') {
    if (!Array.isArray(value)) throw wrongType(name, 'a list');
    checkList(name, shape, value, faults);
  } else if (shape.type === 'blob') {
    const bytes = typeof value === 'string' ? decodeBase64(value) : null;
    if (bytes === null) throw wrongType(name, 'base64');
    faults.push(
      ...lengthFaults(bytes.length, shape).map((must) => `Value at '${at}' failed to satisfy constraint: ${must}`),
    );
  } else {
    const shown = typeof value === 'object' ? name : String(value);
    faults.push(
      ...scalarFaults(name, shape, value).map(
        (must) => `Value '${shown}' at '${at}' failed to satisfy constraint: ${must}`,
      ),
    );
  }
  if (name === 'Constraints') checkConstraints(value);
}

function checkList(name: string, shape: Shape & { type: 'list' }, value: readonly JsonValue[], faults: Faults): void {
  const at = camel(name);
  if (shape.max !== undefined && value.length > shape.max) {
    faults.push(
      `Value at '${at}' failed to satisfy constraint: Member must have length less than or equal to ${shape.max}`,
    );
  }
  const member = SHAPES[shape.member];
  for (const [index, item] of value.entries()) {
    if (shape.member === 'Tag') checkTag(`${at}.${index + 1}.member`, item, faults);
    else if (member !== undefined) {
      const broken = scalarFaults(name, member, item);
      if (broken.length === 0) continue;
      faults.push(
        `Value '[${value.join(', ')}]' at '${at}' failed to satisfy constraint: Member must satisfy constraint: [${broken.join(', ')}]`,
      );
    }
  }
}

function checkTag(at: string, tag: JsonValue, faults: Faults): void {
  if (!isObject(tag)) throw wrongType('Tags', 'a list of tags');
  for (const [name, min, max] of [
    ['TagKey', 1, 128],
    ['TagValue', 0, 256],
  ] as const) {
    const value = tag[name];
    const where = `${at}.${camel(name)}`;
    if (value === undefined || value === null) {
      faults.push(`Value null at '${where}' failed to satisfy constraint: Member must not be null`);
    } else if (typeof value !== 'string') throw wrongType(name, 'a string');
    else
      faults.push(
        ...lengthFaults(value.length, { min, max }).map(
          (must) => `Value '${value}' at '${where}' failed to satisfy constraint: ${must}`,
        ),
      );
  }
}

function checkConstraints(value: JsonValue): void {
  if (!isObject(value)) throw wrongType('Constraints', 'a structure');
  for (const name of ['EncryptionContextEquals', 'EncryptionContextSubset']) {
    const map = value[name];
    if (map !== undefined && map !== null) assertTextMap(name, map);
  }
}

function scalarFaults(name: string, shape: Shape, value: JsonValue): readonly string[] {
  switch (shape.type) {
    case 'string':
      if (typeof value !== 'string') throw wrongType(name, 'a string');
      return stringFaults(shape, value);
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, 'an integer');
      return rangeFaults(value, shape);
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(name, 'a boolean');
      return [];
    case 'timestamp':
      if (typeof value !== 'number') throw wrongType(name, 'a timestamp');
      return [];
    case 'textMap':
      assertTextMap(name, value);
      return [];
    default:
      return [];
  }
}

function stringFaults(shape: Shape & { type: 'string' }, value: string): readonly string[] {
  if (shape.choices !== undefined) {
    return shape.choices.includes(value) ? [] : [`Member must satisfy enum value set: [${shape.choices.join(', ')}]`];
  }
  const faults = [...lengthFaults(value.length, shape)];
  if (shape.pattern !== undefined && !new RegExp(`^(?:${shape.pattern})$`, 'u').test(value)) {
    faults.push(`Member must satisfy regular expression pattern: ${shape.pattern}`);
  }
  return faults;
}

function lengthFaults(
  length: number,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number },
): readonly string[] {
  if (length < min) return [`Member must have length greater than or equal to ${min}`];
  return length > max ? [`Member must have length less than or equal to ${max}`] : [];
}

function rangeFaults(value: number, { min, max }: { min: number; max: number }): readonly string[] {
  if (value < min) return [`Member must have value greater than or equal to ${min}`];
  return value > max ? [`Member must have value less than or equal to ${max}`] : [];
}

function assertTextMap(name: string, value: JsonValue): void {
  if (!isObject(value) || Object.values(value).some((item) => typeof item !== 'string')) {
    throw wrongType(name, 'a map of strings to strings');
  }
}

function wrongType(name: string, expected: string) {
  return malformedJson(`${name} must be ${expected}`);
}

/** AWS writes member names in messages with a small first letter. */
function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
