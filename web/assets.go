package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// assetPrefix is the path under which the assets are served.
const assetPrefix = "/assets/"

// asset is one file of dist. Its name holds the hash of its content.
type asset struct {
	contentType string
	body        []byte
}

// Assets serves what the pages load, below /assets/. A name holds the hash of its content, so an answer may be
// kept for ever; anything else is 404.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, below := strings.CutPrefix(r.URL.Path, assetPrefix)
		a, ok := p.assets[name]
		if !below || !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodHead {
			_, _ = w.Write(a.body) // a client that went away needs no answer
		}
	})
}

func readAsset(files fs.FS, name string) (asset, error) {
	body, err := fs.ReadFile(files, "dist/"+name)
	if err != nil {
		return asset{}, fmt.Errorf("web: reading an asset: %w", err)
	}
	// Not mime.TypeByExtension, which asks the machine it runs on.
	switch path.Ext(name) {
	case ".css":
		return asset{"text/css; charset=utf-8", body}, nil
	case ".js":
		return asset{"text/javascript; charset=utf-8", body}, nil
	case ".svg":
		return asset{"image/svg+xml", body}, nil
	}
	return asset{}, fmt.Errorf("web: asset %s has no content type", name)
}
