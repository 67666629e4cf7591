// Command scanners runs third-party scanners: govulncheck, gosec and
// kube-score. It runs in the repository's root, appends a line for each
// comparison to the file CONFORMANCE_RESULTS, and exits with 1 if any failed.
//
// It doesn't import any package of Viridian.
package main
