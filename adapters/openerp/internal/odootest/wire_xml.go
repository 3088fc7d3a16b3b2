package odootest

import (
	"bytes"
	"fmt"
	"maps"
	nethttp "net/http"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/wire"
)

// xmlProtocol is XML-RPC.
type xmlProtocol struct{ service string }

func (*xmlProtocol) name() string { return "xml-rpc" }

func (p *xmlProtocol) read(_ *Server, _ nethttp.ResponseWriter, r *nethttp.Request) (*request, bool) {
	body, err := readBody(r)
	if err != nil {
		return nil, false
	}
	method, params, err := wire.ParseCall(body)
	if err != nil {
		return &request{err: &exc{"xml.parsers.expat.ExpatError", "not well-formed: " + err.Error()}}, true
	}
	return &request{service: p.service, method: method, params: params}, true
}

func (*xmlProtocol) answer(s *Server, result any, err *exc) (int, string, []byte) {
	if _, isNone := result.(none); isNone && err == nil {
		err = &exc{typeError, "cannot marshal None unless allow_none is enabled"}
		return xmlFault(1, err.traceback(`odoo/addons/base/controllers/rpc.py", line 131, in _xmlrpc|return xmlrpc.client.dumps((result,), methodresponse=1, allow_none=False)`))
	}
	if err != nil {
		err = err.told()
		switch err.class {
		case userError, missingError, "odoo.exceptions.ValidationError":
			return xmlFault(2, err.message)
		case accessDenied:
			return xmlFault(3, err.message)
		case accessError:
			return xmlFault(4, err.message)
		}
		return xmlFault(1, err.traceback())
	}
	var b bytes.Buffer
	b.WriteString("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n")
	s.writeXML(&b, result)
	b.WriteString("</param>\n</params>\n</methodResponse>\n")
	return nethttp.StatusOK, "text/xml; charset=utf-8", b.Bytes()
}

func xmlFault(code int, text string) (int, string, []byte) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>%d</int></value>\n</member>\n", code)
	b.WriteString("<member>\n<name>faultString</name>\n<value><string>")
	writeXMLText(&b, text)
	b.WriteString("</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n")
	return nethttp.StatusOK, "text/xml; charset=utf-8", b.Bytes()
}

// writeXMLText escapes as Python's xmlrpc does: line ends stay as they are.
func writeXMLText(b *bytes.Buffer, text string) {
	b.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text))
}

func (s *Server) writeXML(b *bytes.Buffer, value any) {
	b.WriteString("<value>")
	defer b.WriteString("</value>\n")
	switch v := value.(type) {
	case nil:
		b.WriteString("<nil/>")
	case bool:
		bit := '0'
		if v {
			bit = '1'
		}
		fmt.Fprintf(b, "<boolean>%c</boolean>", bit)
	case int64:
		fmt.Fprintf(b, "<int>%d</int>", v)
	case float:
		fmt.Fprintf(b, "<double>%s</double>", s.float(v))
	case string:
		b.WriteString("<string>")
		writeXMLText(b, v)
		b.WriteString("</string>")
	case []any:
		b.WriteString("<array><data>\n")
		for _, each := range v {
			s.writeXML(b, each)
		}
		b.WriteString("</data></array>")
	case map[string]any:
		b.WriteString("<struct>\n")
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b.WriteString("<member>\n<name>")
			writeXMLText(b, name)
			b.WriteString("</name>\n")
			s.writeXML(b, v[name])
			b.WriteString("</member>\n")
		}
		b.WriteString("</struct>")
	default:
		panic(fmt.Sprintf("odootest: an answer holds a %T", value))
	}
}
