package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hitherauth/hither/internal/backup"
)

// operatorTimeout is what one operator command may take.
const operatorTimeout = 30 * time.Second

// largestAnswer is more than any answer of the operators' door has, in bytes.
const largestAnswer = 16 << 20

// operator speaks to the operators' door of a running server.
type operator struct {
	client *http.Client
	// linkless says why links cannot be made; nil: they can.
	linkless error
}

func newOperator(socket string) operator {
	return operator{client: &http.Client{
		Timeout: operatorTimeout,
		Transport: &http.Transport{
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, socket) },
			DisableKeepAlives: true,
		},
	}}
}

// problem is what the server refuses with (RFC 9457).
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

func (p *problem) Error() string { return p.Detail }

// do sends body, if there is one, and decodes the answer into into, if there is
// one. A refusal is a *problem.
func (o operator) do(ctx context.Context, method, path string, body, into any) error {
	response, err := o.send(ctx, o.client, method, path, body)
	if err != nil {
		return err
	}
	answer, err := readAnswer(response)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	return nil
}

// send sends body, if there is one. A refusal is a *problem; any other answer's
// body is the caller's to close.
func (o operator) send(ctx context.Context, client *http.Client, method, path string, body any) (*http.Response, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://hitherd/api/v1/operator/"+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		if cause := new(url.Error); errors.As(err, &cause) {
			err = cause.Err // without the invented address
		}
		return nil, fmt.Errorf("asking the server: %w", err)
	}
	if response.StatusCode < http.StatusMultipleChoices {
		return response, nil
	}
	answer, err := readAnswer(response)
	if err != nil {
		return nil, err
	}
	p := new(problem)
	if err := json.Unmarshal(answer, p); err != nil || p.Detail == "" {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	return nil, p
}

func readAnswer(response *http.Response) ([]byte, error) {
	answer, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("reading the server's answer: %w", err)
	}
	return answer, nil
}

// code is the code of the refusal that err is, or "".
func code(err error) string {
	if p, ok := errors.AsType[*problem](err); ok {
		return p.Code
	}
	return ""
}

// setup makes a setup link, or returns "" when there is an administrator.
func (o operator) setup(ctx context.Context) (string, error) {
	var setup struct {
		Link string `json:"link"`
	}
	err := o.do(ctx, http.MethodPost, "setup", nil, &setup)
	if code(err) == "not_found" {
		return "", nil
	}
	return setup.Link, err
}

type invitationRequest struct {
	Name          string `json:"name,omitempty"`
	Administrator bool   `json:"administrator,omitempty"`
	Hours         int    `json:"hours,omitempty"`
}

type invitation struct {
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (o operator) invite(ctx context.Context, request invitationRequest) (invitation, error) {
	if o.linkless != nil {
		return invitation{}, o.linkless
	}
	var i invitation
	err := o.do(ctx, http.MethodPost, "invitations", request, &i)
	return i, err
}

type accountEntry struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	DisplayName   string    `json:"display_name"`
	Administrator bool      `json:"administrator"`
	State         string    `json:"state"`
	CreatedAt     time.Time `json:"created_at"`
}

// accounts lists all accounts, page by page.
func (o operator) accounts(ctx context.Context) ([]accountEntry, error) {
	all, after := []accountEntry{}, ""
	for {
		var page struct {
			Accounts []accountEntry `json:"accounts"`
			Next     string         `json:"next"`
		}
		if err := o.do(ctx, http.MethodGet, "accounts?after="+url.QueryEscape(after), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Accounts...)
		if after = page.Next; after == "" {
			return all, nil
		}
	}
}

// change disables, enables or removes an account.
func (o operator) change(ctx context.Context, verb, name string) error {
	method, path := http.MethodPost, "accounts/"+url.PathEscape(name)
	if verb == "remove" {
		method = http.MethodDelete
	} else {
		path += "/" + verb
	}
	err := o.do(ctx, method, path, nil, nil)
	if code(err) == "not_found" {
		return fmt.Errorf("there is no account %q", name)
	}
	return err
}

// backup has a backup made and writes it to archive. What was written is good
// only when backup returns nil.
func (o operator) backup(ctx context.Context, archive io.Writer) (_ backup.Backup, err error) {
	patient := *o.client
	patient.Timeout = 0
	response, err := o.send(ctx, &patient, http.MethodPost, "backup", nil)
	if code(err) == "not_found" {
		return backup.Backup{}, errors.New("the running server is of a version that makes no backups: start the one that you have now")
	}
	if err != nil {
		return backup.Backup{}, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	b, err := backup.Check(io.TeeReader(response.Body, archive), io.Discard)
	if err != nil {
		return backup.Backup{}, fmt.Errorf("the backup broke off: %s", strings.TrimPrefix(err.Error(), "backup: "))
	}
	return b, nil
}
