//! Both profiles as a whole.
