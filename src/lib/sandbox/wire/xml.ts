import type { JsonValue } from '../../base/canonical-json.js';

/** An XML element; `children` is text or elements. */
export interface Element {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly children: string | readonly Element[];
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

/** XML 1.0 text: markup escaped, characters that XML cannot say replaced. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"\r]/g, (found) => ESCAPES[found] ?? found);
}

export function formatXml(element: Element): string {
  const attributes = Object.entries(element.attributes ?? {}).map(([name, value]) => ` ${name}="${escapeXml(value)}"`);
  const content =
    typeof element.children === 'string' ? escapeXml(element.children) : element.children.map(formatXml).join('');
  return `<${element.name}${attributes.join('')}>${content}</${element.name}>`;
}

/** A value in AWS Query's form: structures nest, lists are `<member>` elements, null is left out. */
export function toElements(value: JsonValue): string | readonly Element[] {
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((item) => ({ name: 'member', children: toElements(item) }));
  }
  return Object.entries(value)
    .filter(([, item]) => item !== null)
    .map(([name, item]) => ({ name, children: toElements(item as JsonValue) }));
}
