import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { initializeTUFRepo, tufHandlers } from '@tufjs/repo-mock';

/** A TUF repository on loopback that hands out a trusted root, and a SigningConfig v0.2 where it has one. */
export class TufRepository {
  /** Answers in place of a file's, by its name. */
  readonly faults = new Map<string, { readonly status: number; readonly body: string | Buffer }>();

  private constructor(
    private readonly server: Server,
    /** What its operator hands to users. */
    readonly rootJson: Buffer,
  ) {}

  static async start(trustedRoot: Buffer, signingConfig?: Buffer): Promise<TufRepository> {
    const repo = initializeTUFRepo([
      { name: 'trusted_root.json', content: trustedRoot },
      ...(signingConfig ? [{ name: 'signing_config.v0.2.json', content: signingConfig }] : []),
    ]);
    const handlers = new Map(tufHandlers(repo, { metadataPathPrefix: '' }).map(({ path, fn }) => [path, fn]));
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      const fault = repository.faults.get(
        path
          .split('/')
          .at(-1)
          ?.replace(/^[0-9a-f]{64}\./, '') ?? '',
      );
      const found = fault ? undefined : handlers.get(path)?.();
      response.writeHead(fault?.status ?? found?.statusCode ?? 404).end(fault?.body ?? found?.response ?? '');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const repository = new TufRepository(server, Buffer.from(JSON.stringify(repo.rootMeta.toJSON())));
    return repository;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }
}
