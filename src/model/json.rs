//! As much of JSON as a `safetensors` header uses: objects, lists, strings and whole numbers.
//!
//! The caller says what comes next, so nothing recurses on the input's word.

use alloc::format;
use alloc::string::String;

use super::ModelError;

/// A position in a JSON text that lies somewhere in a file.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where in the file the text begins, so that errors can say where in the file they are.
    base: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, base: usize) -> Reader<'a> {
        Reader { text, at: 0, base }
    }

    /// Where in the file the reader stands.
    pub(super) fn offset(&self) -> usize {
        self.base + self.at
    }

    /// `{"key": value, ...}`; `member` reads each value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, String) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        self.sequence(b'{', b'}', |reader| {
            let key = reader.string()?;
            reader.expect(b':')?;
            member(reader, key)
        })
    }

    /// `[item, ...]`; `item` reads each.
    pub(super) fn list(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        self.sequence(b'[', b']', item)
    }

    fn sequence(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        self.expect(open)?;
        if self.next_is(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.next_is(close) {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// A whole number that fits a `usize`.
    pub(super) fn number(&mut self) -> Result<usize, ModelError> {
        self.skip_space();
        let rest = &self.text[self.at..];
        let digits = &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()];
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(self.wrong("expected a whole number"));
        }
        let number = digits.parse().map_err(|_| self.wrong("the number is too large"))?;
        self.at += digits.len();
        Ok(number)
    }

    /// A string, its escapes resolved.
    pub(super) fn string(&mut self) -> Result<String, ModelError> {
        self.expect(b'"')?;
        let mut string = String::new();
        loop {
            let character = self.character()?;
            match character {
                '"' => return Ok(string),
                '\\' => string.push(self.escape()?),
                '\0'..' ' => return Err(self.wrong("a control character in a string must be escaped")),
                _ => string.push(character),
            }
        }
    }

    /// Nothing but white space is left.
    pub(super) fn end(&mut self) -> Result<(), ModelError> {
        self.skip_space();
        if self.at < self.text.len() { Err(self.wrong("the header goes on after its end")) } else { Ok(()) }
    }

    fn escape(&mut self) -> Result<char, ModelError> {
        Ok(match self.character()? {
            character @ ('"' | '\\' | '/') => character,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(),
            _ => return Err(self.wrong("no such escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")),
        })
    }

    /// The digits after `\u`: one unit of UTF-16, or the two of a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, ModelError> {
        let first = self.utf16_unit()?;
        let mut units = [first, 0];
        let mut count = 1;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            units[1] = self.utf16_unit()?;
            count = 2;
        }
        match char::decode_utf16(units[..count].iter().copied()).next() {
            Some(Ok(character)) => Ok(character),
            _ => Err(self.wrong("an escaped surrogate must be followed by its other half")),
        }
    }

    fn utf16_unit(&mut self) -> Result<u16, ModelError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.character()?.to_digit(16);
            let digit = digit.ok_or_else(|| self.wrong("\\u needs four hexadecimal digits"))?;
            unit = unit * 16 + digit as u16;
        }
        Ok(unit)
    }

    fn character(&mut self) -> Result<char, ModelError> {
        let character = self.text[self.at..].chars().next();
        let character = character.ok_or_else(|| self.wrong("the header ends inside a string"))?;
        self.at += character.len_utf8();
        Ok(character)
    }

    fn expect(&mut self, byte: u8) -> Result<(), ModelError> {
        if self.next_is(byte) { Ok(()) } else { Err(self.wrong(format!("expected `{}`", byte as char))) }
    }

    fn next_is(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(is);
        is
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn wrong(&self, problem: impl Into<String>) -> ModelError {
        ModelError::format(self.offset(), problem)
    }
}
