package spool

// Reading returns options under which so many bytes of a run are read at a
// time.
func (o Options) Reading(bytes int) Options {
	o.read = bytes
	return o
}
