package control

import "github.com/danielgtaylor/huma/v2"

// Describe is what /openapi.json is made of.
func Describe(url, version string) *huma.OpenAPI { return describe(url, version, endpoints()) }

// Busy is how many requests are being answered.
func (s *Server) Busy() int { return len(s.slots) }
