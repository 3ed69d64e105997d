//go:build tools

// Package kwok pins the node and object simulator of the sandbox.
package kwok

import _ "sigs.k8s.io/kwok/cmd/kwok"
