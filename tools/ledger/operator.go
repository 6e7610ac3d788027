package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/hitherauth/hither/internal/api"
)

// Operator speaks to the operators' door of a running server.
type Operator struct {
	client *http.Client
}

// NewOperator is for the socket at a path, which has to be short enough for the
// system (about 100 bytes).
func NewOperator(socket string) *Operator {
	return &Operator{client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}}
}

// SetupLink asks for a link for the first administrator.
func (o *Operator) SetupLink(ctx context.Context) (string, error) {
	return o.link(ctx, "setup", struct{}{})
}

// Invite asks for a link for one person, who chooses a name.
func (o *Operator) Invite(ctx context.Context) (string, error) {
	return o.link(ctx, "invitations", struct{}{})
}

func (o *Operator) link(ctx context.Context, path string, body any) (string, error) {
	var answer struct {
		Link string `json:"link"`
	}
	err := o.call(ctx, http.MethodPost, path, body, &answer)
	return answer.Link, err
}

// Accounts lists all accounts: names to ids.
func (o *Operator) Accounts(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	for after := ""; ; {
		var answer struct {
			Accounts []api.Account `json:"accounts"`
			Next     string        `json:"next"`
		}
		if err := o.call(ctx, http.MethodGet, "accounts?after="+url.QueryEscape(after), nil, &answer); err != nil {
			return nil, err
		}
		for _, a := range answer.Accounts {
			all[a.Name] = a.ID
		}
		if after = answer.Next; after == "" {
			return all, nil
		}
	}
}

// Remove removes an account.
func (o *Operator) Remove(ctx context.Context, name string) error {
	return o.call(ctx, http.MethodDelete, "accounts/"+url.PathEscape(name), nil, nil)
}

// call makes one request. Its errors are those of package load.
func (o *Operator) call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://hitherd/api/v1/operator/"+path, content)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := o.client.Do(r)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end, or broken
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("ledger: reading the operators' door: %w", err)
	}
	if response.StatusCode > 299 {
		refusal := &api.RefusalError{Status: response.StatusCode}
		_ = json.Unmarshal(answer, refusal) // members have the names of the fields
		return refusal
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("ledger: reading the operators' door: %w", err)
	}
	return nil
}
