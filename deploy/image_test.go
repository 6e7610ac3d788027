//go:build linux

package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// instruction is one of a Dockerfile.
type instruction struct{ name, arguments string }

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var all []instruction
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		name, arguments, _ := strings.Cut(strings.Join(strings.Fields(line), " "), " ")
		if name != "" && !strings.HasPrefix(name, "#") {
			all = append(all, instruction{name, arguments})
		}
	}
	return all
}

// variables are those that the image sets.
func variables(t *testing.T) []string {
	t.Helper()
	for _, i := range dockerfile(t) {
		if i.name == "ENV" {
			return strings.Fields(i.arguments)
		}
	}
	t.Fatal("the Dockerfile sets no variables")
	return nil
}

// testImage reads the Dockerfile, since an image cannot be built everywhere,
// and runs the program in what the Dockerfile would make.
func testImage(t *testing.T, r release) {
	t.Run("dockerfile", func(t *testing.T) {
		t.Parallel()
		checkDockerfile(t)
	})
	t.Run("context", func(t *testing.T) {
		t.Parallel()
		checkContext(t)
	})
	t.Run("runs", func(t *testing.T) {
		t.Parallel()
		runImage(t, r)
	})
}

func checkDockerfile(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, floor, _ := strings.Cut(string(mod), "\ngo ")
	floor, _, _ = strings.Cut(floor, "\n")
	last := map[string]string{} // of the last stage
	for _, i := range dockerfile(t) {
		fields := strings.Fields(i.arguments)
		switch i.name {
		case "FROM":
			clear(last)
			image := fields[slices.IndexFunc(fields, func(f string) bool { return !strings.HasPrefix(f, "--") })]
			_, tag, _ := strings.Cut(image, ":")
			if tag == "" || tag == "latest" {
				t.Errorf("FROM %s: the image has no exact tag", image)
			}
			if v, ok := strings.CutPrefix(image, "golang:"); ok && !strings.HasPrefix(v, strings.TrimSuffix(floor, ".0")+".") {
				t.Errorf("the image is built with Go %s, go.mod asks for %s", v, floor)
			}
		case "COPY":
			if strings.HasPrefix(fields[0], "--from=") {
				continue
			}
			for _, source := range fields[:len(fields)-1] {
				if _, err := os.Stat(filepath.Join("..", source)); err != nil {
					t.Errorf("COPY: %v", err)
				}
			}
		}
		last[i.name] = i.arguments
	}
	for name, want := range map[string]string{
		"FROM":       "gcr.io/distroless/static-debian12:nonroot",
		"USER":       "65532:65532",
		"VOLUME":     "/data",
		"EXPOSE":     "8080",
		"ENTRYPOINT": `["/hitherd"]`,
		"CMD":        `["serve"]`,
	} {
		if last[name] != want {
			t.Errorf("the image has %s %s, want %s", name, last[name], want)
		}
	}
	if !strings.HasSuffix(last["HEALTHCHECK"], ` CMD ["/hitherd", "healthcheck"]`) {
		t.Errorf("the image has HEALTHCHECK %s", last["HEALTHCHECK"])
	}
	if last["RUN"] != "" {
		t.Error("there is no shell to RUN anything in the last stage")
	}
}

// checkContext: what .dockerignore leaves out must be ignored by git too, or
// the program would say that it was built from a changed tree.
func checkContext(t *testing.T) {
	text, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyWith(t, "../.gitignore", filepath.Join(dir, ".gitignore"), nil)
	output(t, exec.CommandContext(t.Context(), "git", "-C", dir, "init", "-q"))
	for line := range strings.Lines(string(text)) {
		pattern := strings.TrimSpace(line)
		if pattern == "" || strings.HasPrefix(pattern, "#") {
			continue
		}
		name := strings.ReplaceAll(strings.ReplaceAll(pattern, "**", "sdk"), "*", "any")
		if !strings.HasSuffix(name, ".test") && !strings.HasSuffix(name, ".prof") && filepath.Base(name) != ".env" && filepath.Base(name) != "hither.key" {
			name += "/" // a directory
		}
		if out, err := exec.CommandContext(t.Context(), "git", "-C", dir, "check-ignore", name).CombinedOutput(); err != nil {
			t.Errorf(".dockerignore leaves out %s, and git does not: %v %s", pattern, err, out)
		}
	}
}

// service is one of a compose file.
type service struct {
	Image, User string
	Build       string
	Privileged  bool
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Environment map[string]string
	Volumes     []string
	Secrets     []string
	Networks    []string
}

// compose is a compose file.
type compose struct {
	Services map[string]service
	Secrets  map[string]struct{ File string }
	Volumes  map[string]any
	Networks map[string]any
}

// testCompose reads the compose file, for the same reason, and has hitherd
// judge the configuration in it.
func testCompose(t *testing.T, r release) {
	text, err := os.ReadFile("compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file compose
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		checkRights(t, name, s)
		file.checkNames(t, name, s)
	}
	hitherd := file.Services["hitherd"]
	if _, err := os.Stat(filepath.Join("compose", hitherd.Build, "Dockerfile")); err != nil || hitherd.User != "65532:65532" {
		t.Errorf("hitherd is built from %s (%v) and runs as %s", hitherd.Build, err, hitherd.User)
	}
	check := exec.CommandContext(t.Context(), r.hitherd, "config", "check")
	check.Env = environment(variables(t)...)
	for key, value := range hitherd.Environment {
		if key == "HITHER_KEY_FILE" { // the container's
			continue
		}
		if before, rest, found := strings.Cut(value, "${HITHER_DOMAIN:?"); found {
			_, after, _ := strings.Cut(rest, "}")
			value = before + "id.example" + after
		}
		check.Env = append(check.Env, key+"="+value)
	}
	if out, err := check.CombinedOutput(); err != nil || !strings.Contains(string(out), "https://id.example") {
		t.Errorf("%v\n%s", err, out)
	}
}

// checkRights: nothing in the file may do more than it has to.
func checkRights(t *testing.T, name string, s service) {
	t.Helper()
	if !s.ReadOnly || s.Privileged || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("%s has more rights than it needs: %+v", name, s)
	}
	if _, tag, _ := strings.Cut(s.Image, ":"); s.Build == "" && (tag == "" || tag == "latest") {
		t.Errorf("the image %s of %s has no exact tag", s.Image, name)
	}
}

// checkNames: what the service speaks of is there.
func (file compose) checkNames(t *testing.T, name string, s service) {
	t.Helper()
	for _, v := range s.Volumes {
		from, _, _ := strings.Cut(v, ":")
		_, known := file.Volumes[from]
		if _, err := os.Stat(filepath.Join("compose", from)); !known && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, n := range s.Networks {
		if _, known := file.Networks[n]; !known {
			t.Errorf("%s is in network %s, which does not exist", name, n)
		}
	}
	for _, secret := range s.Secrets {
		if file.Secrets[secret].File == "" {
			t.Errorf("%s wants secret %s, which does not exist", name, secret)
		}
	}
}
