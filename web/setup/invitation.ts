import { HitherError } from "../../sdk/src/index.ts";
import { request } from "../../sdk/src/request.ts";

/** What a setup or invitation link is for. */
export interface Invitation {
  /** The user name that it fixes, "" when the person chooses. */
  name: string;
  /** Whether it makes an administrator. */
  administrator: boolean;
}

/**
 * Asks what a link's token is for before anybody fills in a form. Throws "invitation_invalid" for a dead link;
 * resolves with undefined when there is no telling now: whatever it is comes up again when the button is pressed.
 */
export async function look(token: string): Promise<Invitation | undefined> {
  try {
    return await request<Invitation>("/registration/invitation", { body: { token } });
  } catch (error) {
    if (error instanceof HitherError && error.code === "invitation_invalid") {
      throw error;
    }
    return undefined;
  }
}
