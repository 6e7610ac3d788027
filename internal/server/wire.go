package server

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hitherauth/hither/internal/account"
	"github.com/hitherauth/hither/relyingparty"
	"github.com/hitherauth/hither/webauthn"
)

// The JSON of the API. Requests are closed: an unknown member is refused.
// Answers are open: members may be added.

type empty struct{}

type beginRegistrationRequest struct {
	Name        *string `doc:"Account name. Left out by a signed-in person, and where the invitation fixes it." json:"name,omitempty"         maxLength:"1024"`
	DisplayName *string `doc:"What the person is called. Left out: the name."                                    json:"display_name,omitempty" maxLength:"1600"`
	Token       *string `doc:"From a setup or invitation link."                                                  json:"token,omitempty"       `
}

type invitationRequest struct {
	Token string `doc:"From a setup or invitation link." json:"token"`
}

type invitationAnswer struct {
	_             struct{} `additionalProperties:"true"`
	Name          string   `doc:"The account's name, if the invitation fixes it; empty: the person chooses." json:"name"`
	Administrator bool     `doc:"The account will be an administrator's."                                   json:"administrator"`
}

type beginRegistrationAnswer struct {
	_         struct{}                    `additionalProperties:"true"`
	Ceremony  relyingparty.SealedCeremony `doc:"Opaque. Handed back unchanged to finish, by the same browser, within five minutes." json:"ceremony"`
	PublicKey webauthn.CreationOptions    `json:"publicKey"`
}

type finishRegistrationRequest struct {
	Ceremony   relyingparty.SealedCeremony `doc:"As begin gave it." json:"ceremony"`
	Credential registrationCredential      `json:"credential"`
	Session    *sessionKind                `doc:"A client that is no browser asks for its token in the answer; a page of a related origin must." enum:"bearer" json:"session,omitempty"`
}

type finishAuthenticationRequest struct {
	Ceremony   relyingparty.SealedCeremony `doc:"As begin gave it." json:"ceremony"`
	Credential authenticationCredential    `json:"credential"`
	Session    *sessionKind                `doc:"A client that is no browser asks for its token in the answer; a page of a related origin must." enum:"bearer" json:"session,omitempty"`
}

// sessionKind is "bearer".
type sessionKind string

const sessionBearer sessionKind = "bearer"

// registrationCredential is a RegistrationResponseJSON as it came; package
// webauthn reads it.
type registrationCredential []byte

// UnmarshalJSONFrom keeps the text.
func (c *registrationCredential) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return keepValue((*[]byte)(c), d)
}

// authenticationCredential is an AuthenticationResponseJSON as it came.
type authenticationCredential []byte

// UnmarshalJSONFrom keeps the text.
func (c *authenticationCredential) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return keepValue((*[]byte)(c), d)
}

func keepValue(to *[]byte, d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	*to = v.Clone()
	return err
}

type finishRegistrationAnswer struct {
	_          struct{}         `additionalProperties:"true"`
	Account    accountAnswer    `json:"account"`
	Credential credentialAnswer `json:"credential"`
	Session    *sessionAnswer   `doc:"Of a new account, which is signed in at once." json:"session,omitempty"`
}

type beginAuthenticationRequest struct {
	Name *string `doc:"Account name. Left out: whoever answers says who they are." json:"name,omitempty" maxLength:"1024"`
}

type beginAuthenticationAnswer struct {
	_         struct{}                    `additionalProperties:"true"`
	Ceremony  relyingparty.SealedCeremony `doc:"Opaque. Handed back unchanged to finish, by the same browser, within five minutes." json:"ceremony"`
	PublicKey webauthn.RequestOptions     `json:"publicKey"`
}

type finishAuthenticationAnswer struct {
	_          struct{}       `additionalProperties:"true"`
	Account    accountAnswer  `json:"account"`
	Credential usedCredential `json:"credential"`
	Session    sessionAnswer  `json:"session"`
}

type usedCredential struct {
	_    struct{} `additionalProperties:"true"`
	ID   string   `doc:"Credential id, base64url." json:"id"`
	Name string   `json:"name"`
}

type accountAnswer struct {
	_             struct{} `additionalProperties:"true"`
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	DisplayName   string   `json:"display_name"`
	Administrator bool     `json:"administrator"`
}

func accountJSON(a account.Account) accountAnswer {
	return accountAnswer{ID: a.ID.String(), Name: a.Name, DisplayName: a.DisplayName, Administrator: a.Administrator}
}

type credentialAnswer struct {
	_              struct{}   `additionalProperties:"true"`
	ID             string     `doc:"Credential id, base64url."                          json:"id"`
	Name           string     `json:"name"`
	AAGUID         string     `doc:"Model of the authenticator; zeros: not told."       format:"uuid"          json:"aaguid"`
	Provider       string     `doc:"Name of what keeps the passkey, such as iCloud Keychain, after its aaguid; empty: not known. A claim of the authenticator, not proved." json:"provider"`
	Transports     []string   `doc:"As the browser said when the passkey was made."     json:"transports"`
	BackupEligible bool       `doc:"The passkey may be synced."                         json:"backup_eligible"`
	BackupState    bool       `doc:"The passkey was backed up when it was last used."   json:"backup_state"`
	CreatedAt      time.Time  `json:"created_at"`
	LastUsed       *useAnswer `doc:"Null: not used since it was made."                  json:"last_used"`
	Current        bool       `doc:"It opened this session."                            json:"current"`
}

type useAnswer struct {
	_       struct{}  `additionalProperties:"true" nullable:"true"`
	At      time.Time `json:"at"`
	Address string    `json:"address"`
	Browser string    `doc:"Such as Firefox on Linux; empty: not known." json:"browser"`
}

func (s *Server) credentialAnswer(c account.Credential, current account.Session) credentialAnswer {
	out := credentialAnswer{
		ID: c.ID.String(), Name: c.Name, AAGUID: c.AAGUID.String(), Provider: s.accounts.Provider(c), Transports: transportNames(c.Transports),
		BackupEligible: backupEligible(c), BackupState: c.BackupState, CreatedAt: c.CreatedAt.UTC(),
		Current: bytes.Equal(c.ID, current.CredentialID),
	}
	if c.LastUse != nil {
		out.LastUsed = &useAnswer{At: c.LastUse.At.UTC(), Address: addressText(c.LastUse.Address), Browser: c.LastUse.Browser}
	}
	return out
}

func transportNames(transports []webauthn.Transport) []string {
	out := make([]string, len(transports))
	for i, t := range transports {
		out[i] = string(t)
	}
	return out
}

// backupEligible is false for an imported credential that has not said yet.
func backupEligible(c account.Credential) bool { return c.BackupEligible != nil && *c.BackupEligible }

type credentialsAnswer struct {
	_           struct{}           `additionalProperties:"true"`
	Credentials []credentialAnswer `json:"credentials"`
}

type renameRequest struct {
	Name string `json:"name" maxLength:"1024"`
}

type sessionAnswer struct {
	_               struct{}  `additionalProperties:"true"`
	ID              string    `doc:"Names the session; it opens nothing."           json:"id"`
	Current         bool      `doc:"The session of this request."                   json:"current"`
	AuthenticatedAt time.Time `json:"authenticated_at"`
	LastSeenAt      time.Time `doc:"To the minute."                                 json:"last_seen_at"`
	ExpiresAt       time.Time `json:"expires_at"`
	UserVerified    bool      `doc:"The authenticator said that it verified the person." json:"user_verified"`
	Browser         string    `doc:"Such as Firefox on Linux; empty: not known."    json:"browser"`
	Address         string    `json:"address"`
	CredentialID    string    `doc:"The passkey that opened it, base64url."         json:"credential_id"`
	AMR             []string  `doc:"How: values of RFC 8176."                       json:"amr"`
	ACR             string    `doc:"How far it can be trusted: phr is a user-verified passkey, empty makes no claim." json:"acr"`
	Token           string    `doc:"For Authorization: Bearer. Only in the answer to a finish that asked for it." json:"token,omitempty"`
}

type sessionsAnswer struct {
	_        struct{}        `additionalProperties:"true"`
	Sessions []sessionAnswer `json:"sessions"`
}

type meAnswer struct {
	_       struct{}      `additionalProperties:"true"`
	Account accountAnswer `json:"account"`
	Session sessionAnswer `json:"session"`
	Signal  signalAnswer  `doc:"What a page needs to tell the browser which passkeys count (PublicKeyCredential.signal…)." json:"signal"`
}

// signalAnswer is under which names authenticators keep the person's passkeys,
// WebAuthn L3 §5.1.10. Nothing else shows the user handle.
type signalAnswer struct {
	_      struct{} `additionalProperties:"true"`
	RPID   string   `json:"rp_id"`
	UserID string   `doc:"User handle, base64url." json:"user_id"`
}

// acrPasskey is the level of a user-verified passkey: phishing-resistant (OpenID EAP ACR values).
const acrPasskey = "phr"

// sessionAnswerOf describes s. The credential is the one that opened it, nil
// when that is not at hand.
func sessionAnswerOf(s account.Session, c *account.Credential, current bool) sessionAnswer {
	out := sessionAnswer{
		ID: s.ID.String(), Current: current,
		AuthenticatedAt: s.AuthenticatedAt.UTC(), LastSeenAt: s.LastSeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
		UserVerified: s.UserVerified, Browser: s.Client.Browser, Address: addressText(s.Client.Address),
		CredentialID: s.CredentialID.String(), AMR: methods8176(s, c),
	}
	if s.UserVerified {
		out.ACR = acrPasskey
	}
	return out
}

// methods8176 says how a session was opened, in the values of RFC 8176: "pop",
// a key was proven; "hwk" when that key cannot leave its device and "swk" when
// it may, as far as the authenticator's own flag is believed; "user" when the
// authenticator says that it verified the person. No value says more than that.
func methods8176(s account.Session, c *account.Credential) []string {
	out := []string{"pop"}
	if c != nil {
		if backupEligible(*c) {
			out = append(out, "swk")
		} else {
			out = append(out, "hwk")
		}
	}
	if s.UserVerified {
		out = append(out, "user")
	}
	return out
}
