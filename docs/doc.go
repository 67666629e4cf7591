// Package docs contains no code: its tests check that the pages are correct.
// They read the pages, the code and the other tests.
package docs
