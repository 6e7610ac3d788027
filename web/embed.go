package web

import "embed"

// files holds every template and every built asset. tools/assets writes dist.
//
//go:embed */*.tmpl dist
var files embed.FS
