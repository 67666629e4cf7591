// Package hack holds no code: its tests run hack/get-tool.sh on tools that stand
// in for the real ones. They import nothing of this repository.
package hack
