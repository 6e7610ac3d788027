//go:build linux

package deploy_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// answer is a response that was read.
type answer struct {
	status, major int
	header        http.Header
	cookies       []*http.Cookie
	body          string
}

func (a answer) String() string { return strconv.Itoa(a.status) + " " + a.body }

func fetch(t *testing.T, client *http.Client, url string) answer {
	t.Helper()
	a, err := try(t, client, http.MethodGet, url, "")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try makes a request, of JSON if it has a body, and follows no redirect.
func try(t *testing.T, client *http.Client, method, url, body string, edit ...func(*http.Request)) (answer, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, e := range edit {
		e(request)
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := c.Do(request)
	if err != nil {
		return answer{}, err
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: response.StatusCode, major: response.ProtoMajor, header: response.Header,
		cookies: response.Cookies(), body: string(content),
	}, response.Body.Close()
}
