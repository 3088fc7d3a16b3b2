package rates

// ReadNames reads a file of two columns, as a names file is: an id and the
// name that people have for it, one pair a line. The error joins every mistake
// of the file, each an *Error, in the order of their lines.
func ReadNames(path string) (map[string]string, error) {
	return readNames(path, '|', idForm)
}
