//! Finished reports put aside in a temporary file, so that memory does not grow with their number.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use tempfile::{SpooledTempFile, spooled_tempfile};

/// So many bytes are held in memory before there is a file.
const HELD: usize = 1 << 18;

/// Reports put aside one behind the other.
pub(super) struct Spool(Mutex<SpooledTempFile>);

impl Spool {
    pub(super) fn new() -> Self {
        Spool(Mutex::new(spooled_tempfile(HELD)))
    }

    /// Puts a report aside: where it stands.
    pub(super) fn put(&self, report: &[u8]) -> io::Result<Range<u64>> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = file.seek(SeekFrom::End(0))?;
        file.write_all(report)?;
        Ok(start..file.stream_position()?)
    }

    /// The report that stands there.
    pub(super) fn get(&self, at: &Range<u64>) -> io::Result<Vec<u8>> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at.start))?;
        let length = usize::try_from(at.end - at.start).map_err(io::Error::other)?;
        let mut report = vec![0; length];
        file.read_exact(&mut report)?;
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_back_in_any_order_however_many_they_are() {
        let spool = Spool::new();
        let reports: Vec<Vec<u8>> = (0..200_u8).map(|n| vec![n; 10_000]).collect();
        let put = reports.iter().map(|report| spool.put(report).unwrap());
        let places: Vec<Range<u64>> = put.collect();
        for (report, at) in reports.iter().zip(&places).rev() {
            assert_eq!(spool.get(at).unwrap(), *report);
        }
    }
}
