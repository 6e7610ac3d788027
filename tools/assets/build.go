package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// manifest is the name of the file that maps source names to file names.
const manifest = "manifest.json"

// bundles are the scripts and styles that pages load, below web. A name in the manifest is the last element, with
// .js for .ts.
func bundles() []string {
	return []string{
		"account/account.ts",
		"home/home.ts",
		"login/login.ts",
		"setup/setup.ts",
		"shared/style.css",
	}
}

// build returns the files of web/dist by name.
func build(web string) (map[string][]byte, error) {
	files := map[string][]byte{}
	names := map[string]string{}
	add := func(source string, content []byte) {
		sum := sha256.Sum256(content)
		ext := filepath.Ext(source)
		name := strings.TrimSuffix(source, ext) + "-" + hex.EncodeToString(sum[:8]) + ext
		names[source], files[name] = name, content
	}
	for _, entry := range bundles() {
		content, err := bundle(web, entry)
		if err != nil {
			return nil, err
		}
		add(strings.TrimSuffix(filepath.Base(entry), ".ts")+scriptExt(entry), content)
	}
	pictures, err := filepath.Glob(filepath.Join(web, "shared", "*.svg"))
	if err != nil {
		return nil, fmt.Errorf("finding pictures: %w", err)
	}
	for _, picture := range pictures {
		content, err := os.ReadFile(picture)
		if err != nil {
			return nil, fmt.Errorf("reading a picture: %w", err)
		}
		add(filepath.Base(picture), content)
	}
	text, err := json.MarshalIndent(names, "", "  ") // sorts by name
	if err != nil {
		return nil, fmt.Errorf("encoding the manifest: %w", err)
	}
	files[manifest] = append(text, '\n')
	return files, nil
}

func scriptExt(entry string) string {
	if filepath.Ext(entry) == ".ts" {
		return ".js"
	}
	return ""
}

// bundle makes one file of entry and all that it imports.
func bundle(web, entry string) ([]byte, error) {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     web,
		EntryPoints:       []string{entry},
		Bundle:            true,
		Outdir:            filepath.Join(web, "dist"),
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Engines:           []api.Engine{{Name: api.EngineChrome, Version: "109"}, {Name: api.EngineFirefox, Version: "122"}, {Name: api.EngineSafari, Version: "16.4"}},
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		TsconfigRaw:       "{}", // not whatever lies above the checkout
		LogLevel:          api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		return nil, messages(entry, result.Errors)
	}
	if len(result.Warnings) > 0 {
		return nil, messages(entry, result.Warnings)
	}
	if len(result.OutputFiles) != 1 {
		return nil, fmt.Errorf("bundling %s made %d files, not one", entry, len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents, nil
}

func messages(entry string, all []api.Message) error {
	errs := make([]error, 0, len(all))
	for _, m := range all {
		where := entry
		if m.Location != nil {
			where = fmt.Sprintf("%s:%d:%d", m.Location.File, m.Location.Line, m.Location.Column)
		}
		errs = append(errs, fmt.Errorf("%s: %s", where, m.Text))
	}
	return errors.Join(errs...)
}
