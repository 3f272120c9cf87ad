/** A number with its noun, as people say it: "1 key", "5 keys". @param many the plural, where it is not the noun with an s */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
