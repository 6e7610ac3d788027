// Package deploy has no code: beside it are the files that operators put into
// place (systemd units, configurations of reverse proxies, a compose file, rules
// for Prometheus), and its tests run them, each as it stands, with what a release
// holds, on Linux, where they belong. The rules belong to the test of the metrics,
// in cmd/hitherd.
package deploy
