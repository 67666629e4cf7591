// Package docs holds no code: its tests keep the pages true. They read the
// pages and the API's constants.
package docs
