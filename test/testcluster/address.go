package testcluster

import (
	"fmt"
	"net"
)

// FreeAddresses finds n local addresses at which nobody listens. All are held
// until the last is found, so that they differ.
func FreeAddresses(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // local and immediate
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() //nolint:errcheck // only its address was wanted
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
