"""Labs as authors change them: a lab's files in the database take the place of those that it is shipped with."""
