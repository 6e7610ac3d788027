package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAnswer is more than any answer of the API has, in bytes.
	maxAnswer = 1 << 20
	// maxCode and maxDetail are what is kept of a refusal, in bytes: the server
	// may be anybody's.
	maxCode   = 50
	maxDetail = 300
	// maxRetry is the longest time to wait that is believed.
	maxRetry = time.Hour
)

// Client speaks the JSON API at one origin, as a program that is no browser.
// It is safe for concurrent use.
type Client struct {
	http   *http.Client
	origin string
}

// NewClient is a client of the installation at origin, such as
// "https://id.example". A nil h is http.DefaultTransport without a time-out.
// Redirects are refusals: tokens go to nobody else.
func NewClient(h *http.Client, origin string) *Client {
	own := http.Client{}
	if h != nil {
		own = *h
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{http: &own, origin: origin}
}

// Origin is the installation's origin.
func (c *Client) Origin() string { return c.origin }

// RefusalError is an answer that is no success: the server has decided. Every other
// error of this package leaves open whether what was asked for has happened.
type RefusalError struct {
	Status     int
	Code       string        // of problem+json, small letters and "_"; "" when the answer was none
	Detail     string        // a sentence, or its beginning; it may hold any characters
	RetryAfter time.Duration // 0: the server did not say; at most an hour
}

func (r *RefusalError) Error() string {
	return fmt.Sprintf("api: the server refused with %d %s: %s", r.Status, r.Code, r.Detail)
}

// Session is a signed-in person's.
type Session struct {
	ID           string    `json:"id"`
	Token        string    `json:"token"` // of a session that was just opened, else ""
	CredentialID string    `json:"credential_id"`
	ExpiresAt    time.Time `json:"expires_at"`
}

// Credential is a passkey as its account lists it.
type Credential struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Account is a person's.
type Account struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
}

// Invitation asks which name a setup or invitation link fixes; "": the person
// chooses one.
func (c *Client) Invitation(ctx context.Context, token string) (name string, err error) {
	var answer struct {
		Name string `json:"name"`
	}
	err = c.call(ctx, http.MethodPost, "registration/invitation", "", map[string]string{"token": token}, &answer)
	return answer.Name, err
}

// Me asks whose session a token is of.
func (c *Client) Me(ctx context.Context, token string) (Account, Session, error) {
	var answer struct {
		Account Account `json:"account"`
		Session Session `json:"session"`
	}
	err := c.call(ctx, http.MethodGet, "me", token, nil, &answer)
	return answer.Account, answer.Session, err
}

// Credentials lists the passkeys of the person whose session it is.
func (c *Client) Credentials(ctx context.Context, token string) ([]Credential, error) {
	var answer struct {
		Credentials []Credential `json:"credentials"`
	}
	err := c.call(ctx, http.MethodGet, "credentials", token, nil, &answer)
	return answer.Credentials, err
}

// RenameCredential gives a passkey another name.
func (c *Client) RenameCredential(ctx context.Context, token, id, name string) error {
	return c.call(ctx, http.MethodPatch, "credentials/"+url.PathEscape(id), token, map[string]string{"name": name}, nil)
}

// RemoveCredential removes a passkey and with it the sessions that it opened.
func (c *Client) RemoveCredential(ctx context.Context, token, id string) error {
	return c.call(ctx, http.MethodDelete, "credentials/"+url.PathEscape(id), token, nil, nil)
}

// Sessions lists the sessions of the person whose session it is.
func (c *Client) Sessions(ctx context.Context, token string) ([]Session, error) {
	var answer struct {
		Sessions []Session `json:"sessions"`
	}
	err := c.call(ctx, http.MethodGet, "sessions", token, nil, &answer)
	return answer.Sessions, err
}

// EndSession ends one session of the person.
func (c *Client) EndSession(ctx context.Context, token, id string) error {
	return c.call(ctx, http.MethodDelete, "sessions/"+url.PathEscape(id), token, nil, nil)
}

// EndOtherSessions ends all sessions of the person but this one.
func (c *Client) EndOtherSessions(ctx context.Context, token string) error {
	return c.call(ctx, http.MethodDelete, "sessions", token, nil, nil)
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context, token string) error {
	return c.call(ctx, http.MethodPost, "logout", token, nil, nil)
}

// Get asks for a path, such as "/livez", and reads the answer to its end.
func (c *Client) Get(ctx context.Context, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.origin+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	_, err = c.send(r, nil)
	return err
}

// call makes one request of the API.
func (c *Client) call(ctx context.Context, method, path, token string, body, into any) error {
	r, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	authorize(r, token)
	_, err = c.send(r, into)
	return err
}

func authorize(r *http.Request, token string) {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
}

func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.origin+"/api/v1/"+path, content)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	r.Header.Set("User-Agent", userAgent())
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// userAgent is what people find in the list of their sessions as "hither on Linux".
func userAgent() string {
	switch runtime.GOOS {
	case "linux":
		return "hither/1 (Linux)"
	case "darwin":
		return "hither/1 (Mac OS X)"
	case "windows":
		return "hither/1 (Windows NT)"
	default:
		return "hither/1"
	}
}

// send gives the cookies of a success, whose body goes into into if that is
// not nil. A refusal is a *RefusalError.
func (c *Client) send(r *http.Request, into any) ([]*http.Cookie, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end, or broken
	answer, err := io.ReadAll(http.MaxBytesReader(nil, response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("api: reading the answer: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, refusal(response, answer)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			return nil, fmt.Errorf("api: reading the answer: %w", err)
		}
	}
	return response.Cookies(), nil
}

func refusal(response *http.Response, answer []byte) *RefusalError {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	_ = json.Unmarshal(answer, &problem) // a proxy's answer is no problem+json
	r := &RefusalError{Status: response.StatusCode, Detail: problem.Detail[:min(len(problem.Detail), maxDetail)]}
	if strings.Trim(problem.Code, "abcdefghijklmnopqrstuvwxyz_") == "" && len(problem.Code) <= maxCode {
		r.Code = problem.Code
	}
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 16); err == nil {
		r.RetryAfter = min(time.Duration(seconds)*time.Second, maxRetry)
	}
	return r
}
