//! Parts of a pack that few runs ask for: of a pack that was checked already they are read when one first does.

use std::cell::RefCell;
use std::sync::OnceLock;

use super::spanned::Doc;

/// What some files of a pack say.
#[derive(Debug, Clone)]
pub(crate) struct Late<T> {
    read: OnceLock<T>,
    unread: Vec<Unread>,
}

/// A file that is not read yet.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    /// The stem of its name.
    pub(crate) id: String,
    file: String,
    text: String,
}

impl Unread {
    pub(crate) fn new(id: &str, doc: Doc<'_>) -> Self {
        Unread {
            id: id.to_owned(),
            file: doc.file.to_owned(),
            text: doc.text.to_owned(),
        }
    }

    /// What `read` makes of the file, whose mistakes were told when the pack was checked.
    pub(crate) fn read<P>(&self, read: impl FnOnce(Doc<'_>) -> P) -> P {
        read(Doc {
            file: &self.file,
            text: &self.text,
            mistakes: &RefCell::default(),
        })
    }
}

impl<T> Late<T> {
    /// What is read already.
    pub(crate) fn read(of: T) -> Self {
        Late {
            read: of.into(),
            unread: Vec::new(),
        }
    }

    /// What these files will be found to say.
    pub(crate) fn unread(files: Vec<Unread>) -> Self {
        Late {
            read: OnceLock::new(),
            unread: files,
        }
    }

    /// What the files say; `read` makes it of them when it is first asked for.
    pub(crate) fn get(&self, read: impl FnOnce(&[Unread]) -> T) -> &T {
        self.read.get_or_init(|| read(&self.unread))
    }
}
