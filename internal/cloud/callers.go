package cloud

import "context"

// Callers is the AWS Security Token Service.
type Callers interface {
	// Account returns the account of the credentials and the region in which
	// they are used, which is where everything is that the other ports of the
	// same Clients see.
	Account(ctx context.Context) (Account, error)
}

// Account is an AWS account in one of its regions.
type Account struct {
	// ID has 12 digits.
	ID string
	// Region such as eu-west-1.
	Region string
}
