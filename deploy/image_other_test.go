//go:build !linux

package deploy_test

import "testing"

func runImage(t *testing.T, _ release) {
	t.Helper()
	t.Skip("containers are Linux's")
}
