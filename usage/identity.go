package usage

import "context"

// An Identifier is a source that can tell what it reads. Two of a deployment
// that read the same are refused: all of it would be billed twice. An error says
// that it cannot be told now; the source is then not read, where there are
// others.
type Identifier interface {
	Identity(ctx context.Context) (Identity, error)
}

// An Identity says what a source reads. It stays the same as long as the
// source does.
type Identity struct {
	// Place is what is read, the same text for all that read it: the address of a
	// service, the path of a directory. People are shown it; it holds no secret.
	Place string
	// Part says which part of the place is read, in any text that is the same for
	// the same part; "" for all that there is.
	Part string
}

// Overlaps reports whether what two sources read is surely the same, in part at
// least. Of different parts of a place nobody can tell.
func (i Identity) Overlaps(other Identity) bool {
	return i.Place == other.Place && (i.Part == other.Part || i.Part == "" || other.Part == "")
}
