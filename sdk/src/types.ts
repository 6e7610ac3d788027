/** Which kind of authenticator to offer first: this device, another one by QR code, or a security key. */
export type Hint = "client-device" | "hybrid" | "security-key";

/** Who an account belongs to. */
export interface Account {
  id: string;
  name: string;
  display_name: string;
  administrator: boolean;
}

/** When, from where and by which browser a passkey was used. `at` is RFC 3339. */
export interface Use {
  at: string;
  address: string;
  browser: string;
}

/** What the server keeps of a passkey. `id` is base64url, times are RFC 3339. */
export interface Credential {
  id: string;
  name: string;
  aaguid: string;
  transports: string[];
  backup_eligible: boolean;
  backup_state: boolean;
  created_at: string;
  last_used: Use | null;
  current: boolean;
}

/** A signed-in browser. Times are RFC 3339. */
export interface Session {
  id: string;
  current: boolean;
  authenticated_at: string;
  last_seen_at: string;
  expires_at: string;
  user_verified: boolean;
  browser: string;
  address: string;
  credential_id: string;
  amr: string[];
  acr: string;
  /** Only where the API is of another origin: a secret, for this page's own server, which asks GET /me with it. */
  token?: string;
}
