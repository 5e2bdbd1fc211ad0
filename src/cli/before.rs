//! Submissions from before: where they are told by their own folders, so that no place is that of two files.

use std::path::Path;

use accordant::submission::Submission;

/// A submission whose places are those that lead to it from here, and not from its batch.
pub(super) fn from_here(arg: &Path, plan: Submission) -> Submission {
    let inside = arg.is_dir() && arg.join(&plan.path).exists();
    let folder = if inside { Some(arg) } else { arg.parent() };
    let folder = folder.map(|folder| folder.to_string_lossy().replace('\\', "/"));
    let folder = folder.as_deref().unwrap_or_default().trim_end_matches('/');
    match folder {
        "" | "." => plan,
        folder => plan.under(folder),
    }
}
