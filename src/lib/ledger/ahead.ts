/**
 * Answers of `fetch`, in order, with up to `parallel` asked for ahead of the one that is taken. The waiting ones weigh
 * at most `budget` together, so that memory is bounded by it and by one item.
 */
export async function* readAhead<Item, Answer>(
  items: AsyncIterable<Item>,
  fetch: (item: Item) => Promise<Answer>,
  limits: { readonly parallel: number; readonly budget: number; weigh(item: Item): number },
): AsyncGenerator<Answer> {
  const waiting: { readonly answer: Promise<Answer>; readonly weight: number }[] = [];
  let weight = 0;
  for await (const item of items) {
    const own = limits.weigh(item);
    while (waiting.length > 0 && (waiting.length >= limits.parallel || weight + own > limits.budget)) {
      const first = waiting.shift();
      if (first === undefined) break;
      weight -= first.weight;
      yield await first.answer;
    }
    const answer = fetch(item);
    // Whoever waits for it hears of a failure; until then it must not count as unheard.
    answer.catch(() => undefined);
    waiting.push({ answer, weight: own });
    weight += own;
  }
  for (const { answer } of waiting) yield await answer;
}
