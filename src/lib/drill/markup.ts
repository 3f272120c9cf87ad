/** Text as text in HTML and SVG, whatever it holds; control and bidirectional characters are gone. */
export function html(text: string): string {
  const plain = text.replaceAll(/\p{C}/gu, ' ');
  return plain.replaceAll(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);
}
