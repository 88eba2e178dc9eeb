//! A ClientHello put together by hand, for what no library would send.

/// What it offers.
pub(super) struct Hello {
    pub(super) version: u16,
    pub(super) suites: Vec<u16>,
    pub(super) groups: Vec<u16>,
    pub(super) schemes: Vec<u16>,
    pub(super) compression: u8,
}

impl Hello {
    /// One of TLS 1.2 that the server can take.
    pub(super) fn usual() -> Self {
        Hello { version: 0x0303, suites: vec![0xc02f], groups: vec![0x001d], schemes: vec![0x0804], compression: 0 }
    }

    /// Its record.
    pub(super) fn record(&self) -> Vec<u8> {
        let extension = |kind: u16, list: &[u16]| {
            let list = block(2, &numbers(list));
            let kind = kind.to_be_bytes().to_vec();
            if list.len() > 2 { [kind, block(2, &list)].concat() } else { Vec::new() }
        };
        let extensions = [extension(10, &self.groups), extension(13, &self.schemes)].concat();
        let body = [
            self.version.to_be_bytes().to_vec(),
            vec![7; 32],
            block(1, &[]),
            block(2, &numbers(&self.suites)),
            block(1, &[self.compression]),
            block(2, &extensions),
        ]
        .concat();
        let message = [vec![1], block(3, &body)].concat();
        [vec![22, 3, 1], block(2, &message)].concat()
    }
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn block(length: usize, content: &[u8]) -> Vec<u8> {
    [&content.len().to_be_bytes()[size_of::<usize>() - length..], content].concat()
}
