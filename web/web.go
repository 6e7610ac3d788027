// Package web holds the pages that Hither shows: templates, styles, scripts and pictures, all embedded.
//
// [New] parses the templates, [Pages.Render] writes one page, [Pages.Assets] serves what the pages load. The
// pages need no inline script or style and nothing from elsewhere: [ContentSecurityPolicy] is the policy they are
// written for. The package knows nothing of accounts, requests or cookies; a caller fills in a page value
// ([HomePage], [SetupPage], [LoginPage], [AccountPage], [LearnPage], [ErrorPage]) with what the person may see.
//
// Each page is a folder with its template, its script and its style; shared holds the rest. go generate bundles
// scripts and styles into dist, whose files are named after their content.
package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
)

//go:generate go -C ../tools run ./assets

// ContentSecurityPolicy is the strictest policy under which the pages work.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// Pages renders pages. It is safe for concurrent use.
type Pages struct {
	templates map[string]*template.Template
	assets    map[string]asset // by file name
}

// New parses the templates and reads the assets.
func New() (*Pages, error) {
	assets, manifest, err := readAssets(files)
	if err != nil {
		return nil, err
	}
	p := &Pages{templates: map[string]*template.Template{}, assets: assets}
	base, err := template.New("").Funcs(functions(manifest)).ParseFS(files, "shared/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("web: parsing the shared templates: %w", err)
	}
	for _, name := range []string{"home", "setup", "login", "account", "learn", "problem"} {
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(files, name+"/*.tmpl")
		}
		if err != nil {
			return nil, fmt.Errorf("web: parsing the templates of %s: %w", name, err)
		}
		p.templates[name] = t
	}
	return p, nil
}

// Render writes page, which is one of this package's page values, as HTML. Nothing is written when it fails.
func (p *Pages) Render(w io.Writer, page any) error {
	var name string
	switch page.(type) {
	case HomePage:
		name = "home"
	case SetupPage:
		name = "setup"
	case LoginPage:
		name = "login"
	case AccountPage:
		name = "account"
	case LearnPage:
		name = "learn"
	case ErrorPage:
		name = "problem"
	default:
		return fmt.Errorf("web: no page for a %T", page)
	}
	var out bytes.Buffer
	if err := p.templates[name].ExecuteTemplate(&out, "page", page); err != nil {
		return fmt.Errorf("web: rendering %s: %w", name, err)
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("web: writing %s: %w", name, err)
	}
	return nil
}

// readAssets reads the folder dist of files: what it serves, and the manifest from source names to file names.
func readAssets(files fs.FS) (assets map[string]asset, manifest map[string]string, err error) {
	text, err := fs.ReadFile(files, "dist/manifest.json")
	if err != nil {
		return nil, nil, fmt.Errorf("web: reading the manifest: %w", err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, nil, fmt.Errorf("web: reading the manifest: %w", err)
	}
	assets = make(map[string]asset, len(manifest))
	for _, name := range manifest {
		a, err := readAsset(files, name)
		if err != nil {
			return nil, nil, err
		}
		assets[name] = a
	}
	return assets, manifest, nil
}
