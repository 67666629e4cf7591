// Command scanners runs what others wrote to find flaws: govulncheck, gosec and
// kube-score. It runs in the repository's root, appends a line for each
// comparison to the file CONFORMANCE_RESULTS, and exits with 1 if any failed.
//
// It imports nothing of Viridian.
package main
