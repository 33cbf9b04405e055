/**
 * An identity provider for the tests, on this machine: OpenID Connect, code flow. It is as strict as a real one about
 * its client, PKCE and codes (RFC 6749, RFC 7636). Its one person signs in by pressing a button.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Asked {
  readonly challenge: string;
  readonly nonce: string;
}

const base64url = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64url');

/** A running provider. */
export class Provider {
  readonly secret = randomBytes(24).toString('hex');
  readonly #server: Server;
  readonly #key: KeyObject;
  readonly #published: object;
  readonly #codes = new Map<string, Asked>();
  /** Where its client's people come back to. */
  redirectUri = '';
  /** Whether its person was signed out there. */
  signedOut = false;

  constructor(readonly person: { readonly sub: string; readonly email: string }) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#published = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' };
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/realm`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer);
    const json = (body: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /realm/.well-known/openid-configuration':
        return void json(this.#description());
      case 'GET /realm/jwks':
        return void json({ keys: [this.#published] });
      case 'GET /realm/authorize':
        return this.#form(url, response);
      case 'GET /realm/agree':
        return this.#agree(url.searchParams, response);
      case 'GET /realm/logout':
        this.signedOut = true;
        return void page(response, '<h1>You are signed out of the hospital account</h1>');
      case 'POST /realm/token': {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const answer = this.#exchange(request.headers.authorization, new URLSearchParams(Buffer.concat(chunks).toString()));
        return void (typeof answer === 'string' ? json({ error: answer }, 400) : json(answer));
      }
      default:
        return void response.writeHead(404).end();
    }
  }

  #description(): object {
    const of = (path: string) => `${this.issuer}/${path}`;
    return {
      issuer: this.issuer,
      authorization_endpoint: of('authorize'),
      token_endpoint: of('token'),
      jwks_uri: of('jwks'),
      end_session_endpoint: of('logout'),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  /** The provider's own page: its person signs in there, or says no. */
  #form(url: URL, response: ServerResponse): void {
    const asked = url.searchParams;
    const right =
      asked.get('client_id') === 'bedside' &&
      asked.get('redirect_uri') === this.redirectUri &&
      asked.get('response_type') === 'code' &&
      asked.get('code_challenge_method') === 'S256' &&
      (asked.get('scope') ?? '').split(' ').includes('openid') &&
      ['state', 'nonce', 'code_challenge'].every((name) => asked.get(name));
    if (!right) return void page(response, '<h1>This request is refused</h1>', 400);
    const no = new URLSearchParams({ error: 'access_denied', state: asked.get('state') ?? '', iss: this.issuer });
    const yes = `/realm/agree?${asked.toString().replaceAll('&', '&amp;')}`;
    page(
      response,
      `<h1>Hospital account</h1><p><a href="${yes}">Sign in as ${this.person.email}</a></p>
       <p><a href="${this.redirectUri}?${no.toString().replaceAll('&', '&amp;')}">Cancel</a></p>`,
    );
  }

  #agree(asked: URLSearchParams, response: ServerResponse): void {
    const code = randomBytes(24).toString('base64url');
    this.#codes.set(code, { challenge: asked.get('code_challenge') ?? '', nonce: asked.get('nonce') ?? '' });
    const back = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: this.issuer });
    response.writeHead(302, { location: `${this.redirectUri}?${back.toString()}` }).end();
  }

  /** The answer to a code, or the error. */
  #exchange(authorization: string | undefined, form: URLSearchParams): object | string {
    const client = `Basic ${Buffer.from(`bedside:${this.secret}`).toString('base64')}`;
    if (authorization !== client) return 'invalid_client';
    const code = form.get('code') ?? '';
    const kept = this.#codes.get(code);
    this.#codes.delete(code);
    const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const right = form.get('grant_type') === 'authorization_code' && form.get('redirect_uri') === this.redirectUri;
    if (!kept || !right || proof !== kept.challenge) return 'invalid_grant';
    const second = Math.floor(Date.now() / 1000);
    const claims = {
      ...this.person,
      email_verified: true,
      iss: this.issuer,
      aud: 'bedside',
      nonce: kept.nonce,
      iat: second,
      exp: second + 300,
    };
    const signed = `${base64url(JSON.stringify({ alg: 'ES256', kid: 'k1' }))}.${base64url(JSON.stringify(claims))}`;
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return { token_type: 'Bearer', access_token: 'unused', id_token: `${signed}.${base64url(signature)}` };
  }
}

function page(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><html lang="en"><title>Hospital account</title>${body}</html>`);
}
