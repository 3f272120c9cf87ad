import { Agent, type IncomingMessage, request as plain } from 'node:http';
import { Agent as SecureAgent, request as secure } from 'node:https';
import type { WireResponse } from './wire-answer.js';
import type { Transport } from './wire-stage.js';

export interface HttpClient {
  readonly transport: Transport;
  close(): void;
}

const TIMEOUT_MILLIS = 30_000;

/** Any endpoint over HTTP or HTTPS, with connections that are kept. */
export function openHttp(urlOf: (service: string, region: string) => string): HttpClient {
  const agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new SecureAgent({ keepAlive: true }) };
  const transport: Transport = ({ service, region }, { headers, body }) =>
    new Promise((resolve, reject) => {
      const url = new URL(urlOf(service, region));
      const https = url.protocol === 'https:';
      const send = https ? secure : plain;
      const options = { method: 'POST', headers, agent: https ? agents['https:'] : agents['http:'] };
      const outgoing = send(url, options, (incoming) => read(incoming).then(resolve, reject));
      outgoing.setTimeout(TIMEOUT_MILLIS, () => outgoing.destroy(new Error(`no answer from ${url.host}`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const close = (): void => {
    for (const agent of Object.values(agents)) agent.destroy();
  };
  return { transport, close };
}

async function read(incoming: IncomingMessage): Promise<WireResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  return {
    status: incoming.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    text: Buffer.concat(chunks).toString('utf8'),
  };
}
