/** Every screen and state of signing in, on typed stand-ins. */
import { signal } from '@preact/signals';
import type { GalleryArea } from '../../gallery/area';
import type { SignInState, Stage } from './model/sign-in';
import type { Session } from './session';
import { Code } from './sign-in/Code';
import { SignIn } from './sign-in/SignIn';

const nothing = () => {};
const never = () => new Promise<never>(nothing);

const WAYS = { passkeys: true };
const SSO = { passkeys: true, sso: { label: 'Sign in with your hospital account', sign_out: 'https://id.clinic.example/logout' } };

function session(stage: Stage, over: Partial<SignInState> = {}): Session {
  return {
    state: signal<SignInState>({ stage, busy: false, refusal: null, ways: WAYS, ...over }),
    start: never,
    password: never,
    code: never,
    passkey: never,
    sso: never,
    link: never,
    enrol: never,
    confirmEnrolment: never,
    enrolPasskey: never,
    codesKept: never,
    back: nothing,
    touch: never,
    out: never,
    over: nothing,
  };
}

const CODE: Stage = { at: 'code', factors: ['app'] };

const signIn = (stage: Stage, over: Partial<SignInState> = {}) => <SignIn session={session(stage, over)} />;

/** The look of a QR code; it says nothing. */
export const QR = (() => {
  const size = 29;
  const corner = (x: number, y: number) => {
    const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
    return ring === 3 || ring <= 1;
  };
  const dark = (x: number, y: number) => {
    if (x < 8 && y < 8) return x < 7 && y < 7 && corner(x, y);
    if (x > size - 9 && y < 8) return x > size - 8 && y < 7 && corner(size - 1 - x, y);
    if (x < 8 && y > size - 9) return x < 7 && y > size - 8 && corner(x, size - 1 - y);
    return Math.sin(x * 12.9898 + y * 78.233) * 43758.5453 % 1 > 0.1;
  };
  let path = '';
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) if (dark(x, y)) path += `M${x} ${y}h1v1h-1z`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 ${size + 4} ${size + 4}" shape-rendering="crispEdges"><path d="${path}"/></svg>`;
})();

const CODES = ['k7mx-2qpd', '9fhw-tt4c', 'b3vn-x8ra', 'p5ze-61kg', 'w2ds-hh7m', 'q8jc-4yfu', 'n6tb-aa9x', 'r4gk-m3wv', 'z1yh-5cpe', 'd9uf-7nsq'];

/** By name. */
export const signInScreens: GalleryArea['screens'] = {
  'starting': () => signIn({ at: 'starting' }),
  'unreachable': () => signIn({ at: 'unreachable' }),
  'sign-in': () => signIn({ at: 'password', notice: null }),
  'sign-in-refused': () => signIn({ at: 'password', notice: null }, { refusal: { code: 'bad_credentials', untilMs: null } }),
  'sign-in-locked': () => signIn({ at: 'password', notice: null }, { refusal: { code: 'locked_out', untilMs: performance.now() + 240_000 } }),
  'sign-in-idle': () => signIn({ at: 'password', notice: 'idle' }),
  'sign-in-link-dead': () => signIn({ at: 'password', notice: 'link_dead' }),
  'sign-in-password-only': () => signIn({ at: 'password', notice: null }, { ways: { passkeys: false } }),
  'sign-in-sso': () => signIn({ at: 'password', notice: null }, { ways: SSO }),
  'sign-in-sso-unknown': () => signIn({ at: 'password', notice: null }, { ways: SSO, refusal: { code: 'sso_unknown', untilMs: null } }),
  'sign-in-sso-signed-out': () => signIn({ at: 'password', notice: 'signed_out' }, { ways: SSO }),
  'sign-in-passkey-dismissed': () => signIn({ at: 'password', notice: null }, { refusal: { code: 'passkey_dismissed', untilMs: null } }),
  'code': () => signIn({ at: 'code', factors: ['app'] }),
  'code-passkey': () => signIn({ at: 'code', factors: ['passkey', 'app'] }),
  'code-passkey-refused': () => signIn({ at: 'code', factors: ['passkey'] }, { refusal: { code: 'passkey_refused', untilMs: null } }),
  'code-recovery': () => <Code state={session(CODE).state.value} session={session(CODE)} factors={['app']} begin="recovery" />,
  'link': () => signIn({ at: 'link', secret: 'gallery' }),
  'new-password': () => signIn({ at: 'new_password', secret: 'gallery' }, { refusal: { code: 'weak_password', untilMs: null } }),
  'enrol-loading': () => signIn({ at: 'enrol', mfa: null }, { busy: true }),
  'enrol-failed': () => signIn({ at: 'enrol', mfa: null }, { refusal: { code: 'offline', untilMs: null } }),
  'enrol': () => signIn({ at: 'enrol', mfa: { qr_svg: QR, secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' } }),
  'recovery': () => signIn({ at: 'recovery', codes: CODES }),
};
