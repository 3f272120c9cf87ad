/** The part that custody calls; the types that DefinitelyTyped has for it pull in those of a browser. */
declare module 'make-fetch-happen' {
  interface Options {
    readonly method: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
    /** Milliseconds. */
    readonly timeout: number;
    readonly redirect: 'manual';
    readonly cache: 'no-store';
    readonly retry: false;
  }
  interface Answer {
    readonly status: number;
    readonly headers: { get(name: string): string | null };
    readonly body: AsyncIterable<Buffer>;
  }
  export default function fetch(url: string, options: Options): Promise<Answer>;
}
