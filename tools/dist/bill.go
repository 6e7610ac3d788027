package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// billOfMaterials says what is inside the program, as the program itself says it: the modules that were linked, with
// the sums that go.sum has of them, and the standard library. Names and hashes follow the customs of cyclonedx-gomod,
// so that scanners understand them.
func (p *program) billOfMaterials() ([]byte, error) {
	sum := sha256.Sum256(p.binary)
	self := purl(p.info.Main.Path, p.info.Main.Version) + "#cmd/" + p.name
	components := []cdx.Component{{
		BOMRef: purl("std", strings.TrimPrefix(p.info.GoVersion, "go")), Type: cdx.ComponentTypeLibrary,
		Name: "std", Version: p.info.GoVersion, PackageURL: purl("std", strings.TrimPrefix(p.info.GoVersion, "go")),
		Scope: cdx.ScopeRequired,
	}}
	for _, m := range p.info.Deps {
		c, err := component(used(m))
		if err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	var references []string
	for _, c := range components {
		references = append(references, c.BOMRef)
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = serialNumber(sum)
	bom.Metadata = &cdx.Metadata{
		Timestamp: p.time.UTC().Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: self, Type: cdx.ComponentTypeApplication, Name: p.name, Version: p.info.Main.Version, PackageURL: self,
			Licenses:   &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
			Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
			Properties: p.properties(),
		},
	}
	bom.Components = &components
	// A program knows its parts and not which of them asked for which: all hang on the program itself.
	bom.Dependencies = &[]cdx.Dependency{{Ref: self, Dependencies: &references}}
	var b bytes.Buffer
	err := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return b.Bytes(), err
}

// properties is how the program was built.
func (p *program) properties() *[]cdx.Property {
	properties := []cdx.Property{{Name: "hither:go", Value: p.info.GoVersion}}
	for _, s := range p.info.Settings {
		properties = append(properties, cdx.Property{Name: "hither:build:" + s.Key, Value: s.Value})
	}
	return &properties
}

func component(m *debug.Module) (cdx.Component, error) {
	encoded, ok := strings.CutPrefix(m.Sum, "h1:")
	sum, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return cdx.Component{}, fmt.Errorf("module %s has no checksum: a release is built from published modules only", m.Path)
	}
	return cdx.Component{
		BOMRef: purl(m.Path, m.Version), Type: cdx.ComponentTypeLibrary,
		Name: m.Path, Version: m.Version, PackageURL: purl(m.Path, m.Version), Scope: cdx.ScopeRequired,
		Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}},
	}, nil
}

// purl is a package URL, in which a plus sign is escaped.
func purl(path, version string) string {
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
}

// serialNumber is a UUID (RFC 9562, version 8) that follows from the program, so that the bill can be made again.
func serialNumber(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
