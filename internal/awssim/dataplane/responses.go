package dataplane

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

const serverName = "awselb/2.0"

// errorPage is the load balancer's own answer, as an Application Load Balancer
// writes it.
func errorPage(status int) Response {
	title := fmt.Sprintf("%d %s", status, statusTitle(status))
	return Response{
		Status: status,
		Header: http.Header{"Server": {serverName}, "Content-Type": {"text/html"}},
		Body: fmt.Appendf(nil, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n",
			title, title),
	}
}

func statusTitle(status int) string {
	switch status {
	case http.StatusServiceUnavailable:
		return "Service Temporarily Unavailable"
	case http.StatusGatewayTimeout:
		return "Gateway Time-out"
	default:
		return http.StatusText(status)
	}
}

func fixedResponse(c *elb.FixedResponseConfig) Response {
	status, _ := strconv.Atoi(c.StatusCode) // checked when the rule was written
	response := Response{Status: status, Header: http.Header{"Server": {serverName}}, Body: []byte(c.MessageBody)}
	if c.ContentType != "" {
		response.Header.Set("Content-Type", c.ContentType)
	}
	return response
}

// redirect builds the new URL from the parts of the old one that are kept.
func redirect(c *elb.RedirectConfig, req *http.Request) Response {
	port := "80"
	if _, given, found := strings.Cut(req.Host, ":"); found {
		port = given
	}
	replace := strings.NewReplacer(
		"#{protocol}", "HTTP", "#{host}", hostname(req.Host), "#{port}", port,
		"#{path}", strings.TrimPrefix(req.URL.EscapedPath(), "/"), "#{query}", req.URL.RawQuery,
	).Replace
	part := func(value, otherwise string) string {
		if value == "" {
			value = otherwise
		}
		return replace(value)
	}
	location := fmt.Sprintf("%s://%s:%s%s", strings.ToLower(part(c.Protocol, "#{protocol}")),
		part(c.Host, "#{host}"), part(c.Port, "#{port}"), part(c.Path, "/#{path}"))
	if query := part(c.Query, "#{query}"); query != "" {
		location += "?" + query
	}
	status := http.StatusMovedPermanently
	if c.StatusCode == "HTTP_302" {
		status = http.StatusFound
	}
	return Response{Status: status, Header: http.Header{"Server": {serverName}, "Location": {location}}}
}

// authenticate answers a client without a session as the action says; nil
// lets it pass.
func authenticate(req *http.Request, unauthenticated, endpoint string) *Response {
	for _, c := range req.Cookies() {
		if strings.HasPrefix(c.Name, sessionCookie) {
			return nil
		}
	}
	switch unauthenticated {
	case "allow":
		return nil
	case "deny":
		return new(errorPage(http.StatusUnauthorized))
	}
	back := url.Values{"redirect_uri": {"https://" + req.Host + "/oauth2/idpresponse"}, "response_type": {"code"}}
	return &Response{Status: http.StatusFound, Header: http.Header{
		"Server": {serverName}, "Location": {endpoint + "?" + back.Encode()},
	}}
}
