package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/hitherauth/hither/internal/cli"
)

// largestPublished is more than the documents have that are the same for
// everybody, in bytes.
const largestPublished = 4 << 20

// examineServer asks the running server by all its doors; without one it looks
// whether the address is free.
func (d *doctor) examineServer(ctx context.Context, running bool) {
	if !running {
		d.add(levelNote, "server", "none is running on this data directory", "hitherd serve starts it")
		d.examineListener(ctx)
	} else {
		d.examineSocket(ctx)
		if e, err := parseListen("listen", d.config.Listen); err == nil && e.port != 0 {
			d.examineHealth(ctx)
		}
	}
	if d.judged {
		d.examinePublic(ctx, running)
	}
}

// examineListener takes the configured address for a moment.
func (d *doctor) examineListener(ctx context.Context) {
	const check = "listener"
	if !d.judged {
		return
	}
	door, err := d.config.openListener(ctx, d.site)
	if err == nil {
		err = door.close()
	}
	switch f, refusal := errors.AsType[*cli.ExitError](err); {
	case err == nil:
		d.ok(check, "%s is free", d.config.Listen)
	case refusal && f.Code == cli.ExitRefused:
		// A service manager may give the server what this process has not.
		d.add(levelWarning, check, err.Error(), "")
	default:
		d.fail(check, err)
	}
}

func (d *doctor) examineSocket(ctx context.Context) {
	const check = "socket"
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	socket := d.config.socketPath()
	err := newOperator(socket).do(ctx, http.MethodGet, "accounts", nil, nil)
	switch {
	case err == nil:
		d.ok(check, "the running server answers")
	case errors.Is(err, fs.ErrPermission):
		d.fail(check, refused("%s may not be opened by this user", socket).Hint("use the one that hitherd runs as"))
	default:
		d.fail(check, (&cli.ExitError{Code: cli.ExitFailure, Err: fmt.Errorf("a process owns the data directory and does not answer (%w)", err)}).
			Hint("it is starting, stopping or another hitherd command; if it stays so, see its log and start it again"))
	}
}

func (d *doctor) examineHealth(ctx context.Context) {
	const check = "listener"
	if err := d.config.healthcheck(ctx); err != nil {
		d.fail(check, cli.Failed(err).Hint("see the server's log, and whether it was started with this configuration"))
		return
	}
	d.ok(check, "%s is ready", d.config.Listen)
}

// examinePublic asks the server at the address that people open, by which a
// proxy can be in the way. It leaves this machine only when it was told to.
func (d *doctor) examinePublic(ctx context.Context, running bool) {
	const check = "public_url"
	u, err := url.Parse(d.site.origin)
	if err != nil {
		d.fail(check, err)
		return
	}
	e, err := parseListen("listen", d.config.Listen)
	switch {
	case err != nil, d.config.PublicURL == "" && e.port == 0:
		return // it follows from a port that only the server knows
	case !d.probe && !running:
		return
	case !d.probe && !loopbackHost(ctx, u.Hostname()):
		d.add(levelNote, check, d.site.origin+" was not asked: it is not known to be on this machine", "hitherd doctor --probe asks it")
		return
	}
	client := d.browser()
	if _, err := client.published(ctx, d.site.origin+"/api/openapi.json"); err != nil {
		d.fail(check, explainProbe(d.site.origin, err))
		return
	}
	d.ok(check, "%s answers", d.site.origin)
	d.examineRelated(ctx, client)
}

// examineRelated looks for the document that lets browsers use the passkeys at
// related origins.
func (d *doctor) examineRelated(ctx context.Context, client publicClient) {
	const check = "related"
	if len(d.config.RelatedOrigins) == 0 {
		return
	}
	host := d.site.origin
	if d.site.host != d.site.rpID {
		if host = "https://" + d.site.rpID; !d.probe {
			d.add(levelNote, check, host+"/.well-known/webauthn was not asked: it is not served here", "hitherd doctor --probe asks it")
			return
		}
	}
	address := host + "/.well-known/webauthn"
	body, err := client.published(ctx, address)
	var document struct {
		Origins []string `json:"origins"`
	}
	if err == nil {
		err = json.Unmarshal(body, &document)
	}
	if err != nil {
		d.fail(check, cli.Failed(fmt.Errorf("%s: %w", address, err)).Hint("whoever serves "+d.site.rpID+" has to serve a copy of hitherd's document there"))
		return
	}
	for _, origin := range d.config.RelatedOrigins {
		if !slices.Contains(document.Origins, origin) {
			d.fail(check, cli.Failed(fmt.Errorf("%s does not name %s", address, origin)).Hint("start the server again, or copy its document there again"))
			return
		}
	}
	d.ok(check, "%s names the related origins", address)
}

// publicClient asks for what is the same for everybody.
type publicClient struct{ http *http.Client }

// statusError is the status of an answer that is of no use.
type statusError int

func (e statusError) Error() string {
	return fmt.Sprintf("answered %d %s", int(e), http.StatusText(int(e)))
}

// browser trusts whom this machine trusts, and is sent nowhere else.
func (d *doctor) browser() publicClient {
	return publicClient{&http.Client{
		Timeout:       doctorTimeout,
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c publicClient) published(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		if cause := new(url.Error); errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, largestPublished))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, statusError(response.StatusCode)
	}
	if !json.Valid(body) {
		return nil, errors.New("answered something else than hitherd does")
	}
	return body, nil
}

// explainProbe says what to do when the public address does not answer.
func explainProbe(origin string, err error) error {
	f := cli.Failed(fmt.Errorf("%s: %w", origin, err))
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	var status statusError
	switch {
	case errors.As(err, &untrusted):
		return f.Hint("browsers refuse this too, unless they trust another authority: get a certificate that they trust, with its whole chain")
	case errors.As(err, &name):
		return f.Hint("let the name lead to this server, or to its proxy")
	case errors.As(err, &status) && status == http.StatusMisdirectedRequest:
		return f.Hint("the proxy changes the Host header: let it pass it on, see docs/reverse-proxies.md")
	case errors.As(err, &status) && status == http.StatusBadGateway:
		return f.Hint("the proxy does not reach hitherd: compare its target with listen")
	}
	return f.Hint("see whether public_url is this server's, and the proxy in front of it, if there is one")
}

// loopbackHost says whether a host is this machine and nothing else.
func loopbackHost(ctx context.Context, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	if strings.EqualFold(host, localhost) {
		return true
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	return err == nil && len(addresses) > 0 && !slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !a.Unmap().IsLoopback() })
}
