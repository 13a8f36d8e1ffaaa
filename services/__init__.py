"""The services of Isocentre, one folder each; they share `shared` and never import each other."""
