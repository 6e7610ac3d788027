package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/hitherauth/hither/internal/api"
	"github.com/hitherauth/hither/internal/cli"
)

// requestPatience is how long one request of a server may take.
const requestPatience = 30 * time.Second

// client speaks to the server at an origin. It keeps no connection.
func client(origin string) *api.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableKeepAlives: true}
	return api.NewClient(&http.Client{Transport: transport, Timeout: requestPatience}, origin)
}

// parseServer reads the URL of a server as people write it: the scheme is https, if
// it is left out, and a path of the server's pages does not matter.
func parseServer(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err == nil && u.Fragment != "": // a secret: it is not repeated
		return "", cli.Usage("this is a link: give the server's URL, and the link with --create --invite").
			Hint("hither login --create --invite LINK " + u.Scheme + "://" + u.Host)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "":
		return "", cli.Usage("URL is that of a server, such as https://id.example")
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") { // an IPv6 address, which has no passkeys, and says so later
		host = "[" + host + "]"
	} else if host, err = idna.Lookup.ToASCII(host); err != nil {
		return "", cli.Usage("the server's name in the URL is none")
	}
	standard := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port := u.Port(); port != "" && port != standard {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}

// parseOptionalServer is parseServer for at most one argument; "": none was given.
func parseOptionalServer(args []string) (string, error) {
	if len(args) == 0 {
		return "", nil
	}
	return parseServer(args[0])
}
