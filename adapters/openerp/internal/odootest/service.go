package odootest

import (
	"strings"
)

// A call is a call of a model's method.
type call struct {
	user          int64
	model, method string
	args          []any
	kw            map[string]any
	named         bool     // JSON-2: everything is in kw
	claims        []string // external ids that it would make
}

// service serves the services of the RPC protocols: common and db at once, and
// of object it returns the call.
func (s *Server) service(r *request) (any, *call) {
	switch r.service {
	case "common":
		switch r.method {
		case "version":
			return s.versionInfo(), nil
		case "authenticate", "login":
			if len(r.params) < 3 {
				raise(typeError, "exp_%s() missing 3 required positional arguments: 'db', 'login', and 'password'", r.method)
			}
			return s.authenticate(r.params), nil
		}
		raise(exception, "Method not found: %s", r.method)
	case "db":
		if r.method == "list" {
			return []any{s.database}, nil
		}
		raise(exception, "Method not found: %s", r.method)
	case "object":
		return nil, s.object(r)
	}
	raise(keyError, "'%s'", r.service)
	return nil, nil
}

func (s *Server) versionInfo() map[string]any {
	text := s.versionText()
	return map[string]any{"server_version": text, "server_version_info": s.versionParts(), "server_serie": text, "protocol_version": int64(1)}
}

func (s *Server) versionText() string { return pyRepr(int64(s.version)) + ".0" }

func (s *Server) versionParts() []any {
	return []any{int64(s.version), int64(0), int64(0), "final", int64(0), ""}
}

// useDatabase raises what PostgreSQL says of a database that is not there.
func (s *Server) useDatabase(name any) {
	if name != s.database {
		raise(operational, "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database %q does not exist\n", name)
	}
}

// authenticate returns the id of the user, or false.
func (s *Server) authenticate(params []any) any {
	s.useDatabase(params[0])
	t := s.begin(0, true)
	for _, id := range t.ids("res.users") {
		user := t.get("res.users", id)
		if params[1] == user["login"] && accepts(user, params[2]) {
			delete(s.expired, id)
			return id
		}
	}
	return false
}

// accepts reports whether a secret is the user's: its password or its key.
func accepts(user record, secret any) bool {
	return user.is("active") && (secret == user["password"] || secret == user["api_key"]) && secret != nil
}

func (s *Server) object(r *request) *call {
	if r.method != "execute" && r.method != "execute_kw" {
		raise(nameError, "Method not available %s", r.method)
	}
	if len(r.params) < 5 {
		raise(typeError, "%s() missing positional arguments", r.method)
	}
	s.useDatabase(r.params[0])
	uid, _ := r.params[1].(int64)
	t := s.begin(uid, true)
	user := t.get("res.users", uid)
	if user == nil {
		t.missing("res.users", uid)
	}
	if !accepts(user, r.params[2]) || s.expired[uid] {
		raise(accessDenied, "Access Denied")
	}
	c := &call{user: uid}
	c.model, _ = r.params[3].(string)
	c.method, _ = r.params[4].(string)
	rest := r.params[5:]
	if r.method == "execute" {
		c.args = rest
		return c
	}
	if len(rest) > 0 {
		c.args, _ = rest[0].([]any)
	}
	if len(rest) > 1 {
		c.kw, _ = rest[1].(map[string]any)
	}
	return c
}

// byKey returns the user whose API key a bearer token is, or 0.
func (s *Server) byKey(authorization string) int64 {
	scheme, key, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "bearer") || key == "" {
		return 0
	}
	t := s.begin(0, true)
	for _, id := range t.ids("res.users") {
		if user := t.get("res.users", id); key == user["api_key"] && user.is("active") {
			return id
		}
	}
	return 0
}
