/** Sign-in with the clinic's own account, in real Chromium, at a clinic's own server with TLS. */
import { expect, test } from '@playwright/test';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appCode, browser, person, program, shot } from './bedside';
import { Provider } from './provider';

const LABEL = 'Sign in with your hospital account';
const folder = mkdtempSync(join(tmpdir(), 'bedside-sso-'));
const port = 20_000 + Math.floor(Math.random() * 20_000);
const origin = `https://localhost:${port}`;
const provider = new Provider({ sub: 'u-17', email: 'gray@clinic.example' });
let server: ChildProcess | null = null;

/** A clinic's server as `bedside init` sets it up, with a certificate of files and the provider. */
test.beforeAll(async () => {
  await provider.start();
  provider.redirectUri = `${origin}/signin/back`;
  const at = (name: string) => join(folder, name);
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
  run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', at('key.pem'), '-out', at('chain.pem'));
  run(program, 'init', 'localhost', 'it@clinic.example', '-o', at('bedside.toml'), '--data', at('data'));
  run(program, 'user', '-c', at('bedside.toml'), 'add', provider.person.email, '--name', 'Dr. Gray');
  writeFileSync(at('secret'), `${provider.secret}\n`);
  const made = readFileSync(at('bedside.toml'), 'utf8');
  // The data of what `init` made, everything else for this machine.
  const data = /\[data\][^[]*/.exec(made)?.[0] ?? '';
  const settings = `
[clinic]
name = "Hillside Clinic"
[web]
domain = "localhost"
listen = "127.0.0.1:${port}"
[web.certificate]
from = "files"
chain = ${JSON.stringify(at('chain.pem'))}
key = ${JSON.stringify(at('key.pem'))}
[media]
udp_port = ${port + 1}
shards = 1
public_addresses = ["127.0.0.1"]
[relay]
enabled = false
[sign_in.oidc]
issuer = "${provider.issuer}"
client_id = "bedside"
client_secret_file = ${JSON.stringify(at('secret'))}
label = "${LABEL}"
email_domains = ["clinic.example"]
${data}`;
  writeFileSync(at('bedside.toml'), settings, { mode: 0o600 });
  server = spawn(program, ['serve', '-c', at('bedside.toml')], { stdio: 'ignore' });
});

test.afterAll(async () => {
  const running = server;
  if (running && running.exitCode === null) {
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  }
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the clinic's own account signs in, our second step stands behind it", async () => {
  const clinic = await browser();
  const page = await person(clinic, undefined, { ignoreHTTPSErrors: true });
  // The server is up when it answers.
  await expect.poll(() => page.goto(`${origin}/clinic`).then((answer) => answer?.status(), () => 0)).toBe(200);

  // Said no at the provider: back on the form, and nothing of it is left in the address.
  await page.getByRole('button', { name: LABEL }).click();
  await expect(page.getByRole('heading', { name: 'Hospital account' })).toBeVisible();
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(page.getByText(/sign-in did not let you in/)).toBeVisible();
  expect(page.url()).toBe(`${origin}/clinic`);
  await shot(page, 'clinic-sso-refused');

  // Signed in there: the account has no second step yet, so it is set up first.
  await page.getByRole('button', { name: LABEL }).click();
  await page.getByRole('link', { name: 'Sign in as gray@clinic.example' }).click();
  await page.getByText('No camera? Type this key into the app').click();
  const key = (await page.getByLabel('Key').textContent()) ?? '';
  expect(page.url()).toBe(`${origin}/clinic`);
  await page.getByLabel('Six-digit code').fill(appCode(key, Date.now()));
  await page.getByRole('button', { name: 'Check the code' }).click();
  await page.getByText('I kept them in a safe place').click();
  await page.getByRole('button', { name: 'Go to today’s visits' }).click();
  await expect(page.getByText('Dr. Gray').first()).toBeVisible();

  // Out here, and the way out there.
  await page.getByRole('button', { name: /account and settings/ }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByText('You are signed out.')).toBeVisible();
  await shot(page, 'clinic-sso-signed-out');
  await page.getByRole('link', { name: 'Sign out of the clinic’s account too' }).click();
  await expect(page.getByRole('heading', { name: /You are signed out of the hospital account/ })).toBeVisible();
  expect(provider.signedOut).toBe(true);

  // The way back alone, without a way there, opens nothing.
  await page.goto(`${origin}/signin/back?state=made-up&code=made-up`);
  await expect(page.getByText(/sign-in did not let you in/)).toBeVisible();
  await clinic.close();
});
