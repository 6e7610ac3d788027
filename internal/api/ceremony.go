package api

import (
	"context"
	"encoding/json"
	"net/http"
)

// Registration says whose account is to be made.
type Registration struct {
	Name        string // "": an invitation fixes it
	DisplayName string // "": like Name
	Token       string // of a setup or invitation link; "": sign-up is open
}

// Ceremony is one that was begun.
type Ceremony struct {
	// Options are what an authenticator is to be asked: the publicKey member, in JSON.
	Options []byte

	client  *Client
	kind    string
	token   string
	sealed  string
	cookies []*http.Cookie // tie the finish to the begin
}

// Result is what finishing a ceremony has given.
type Result struct {
	Account    Account    `json:"account"`
	Credential Credential `json:"credential"`
	Session    Session    `json:"session"` // zero if there was one already
}

// BeginRegistration begins to make an account with a first passkey, and a session.
func (c *Client) BeginRegistration(ctx context.Context, r Registration) (*Ceremony, error) {
	request := map[string]string{}
	for member, value := range map[string]string{"name": r.Name, "display_name": r.DisplayName, "token": r.Token} {
		if value != "" {
			request[member] = value
		}
	}
	return c.begin(ctx, "registration", "", request)
}

// BeginAddition begins to add a passkey to the account of a session.
func (c *Client) BeginAddition(ctx context.Context, token string) (*Ceremony, error) {
	return c.begin(ctx, "registration", token, map[string]string{})
}

// BeginAuthentication begins to sign in, without a name.
func (c *Client) BeginAuthentication(ctx context.Context) (*Ceremony, error) {
	return c.begin(ctx, "authentication", "", map[string]string{})
}

func (c *Client) begin(ctx context.Context, kind, token string, request map[string]string) (*Ceremony, error) {
	r, err := c.request(ctx, http.MethodPost, kind+"/begin", request)
	if err != nil {
		return nil, err
	}
	authorize(r, token)
	var begun struct {
		Ceremony  string          `json:"ceremony"`
		PublicKey json.RawMessage `json:"publicKey"`
	}
	cookies, err := c.send(r, &begun)
	if err != nil {
		return nil, err
	}
	return &Ceremony{Options: begun.PublicKey, client: c, kind: kind, token: token, sealed: begun.Ceremony, cookies: cookies}, nil
}

// Finish hands in an authenticator's response, in JSON. A session that it opens is
// this program's: its token is in the result.
func (c *Ceremony) Finish(ctx context.Context, response []byte) (Result, error) {
	body := map[string]any{"ceremony": c.sealed, "credential": json.RawMessage(response)}
	if c.token == "" {
		body["session"] = "bearer"
	}
	r, err := c.client.request(ctx, http.MethodPost, c.kind+"/finish", body)
	if err != nil {
		return Result{}, err
	}
	authorize(r, c.token)
	r.Header.Set("Origin", c.client.origin) // goes with cookies
	for _, cookie := range c.cookies {
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value}) //nolint:gosec // G124: attributes are the server's matter; this is the way back
	}
	var result Result
	_, err = c.client.send(r, &result)
	return result, err
}
