import { describe, expect, it } from 'vitest';
import { checksum } from '../../../../src/lib/sandbox/s3/checksums.js';
import { decodeAwsChunked } from '../../../../src/lib/sandbox/wire/aws-chunked.js';
import { fromXml, SHAPES } from '../../../../src/lib/sandbox/wire/s3-shapes.js';
import { parseXmlDocument } from '../../../../src/lib/sandbox/wire/xml-document.js';

const chunked = (text: string) => decodeAwsChunked(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'));

describe('a body in chunks', () => {
  it.each([
    [
      'two chunks and a trailer',
      '3\nabc\n2\nde\n0\nx-amz-checksum-crc32:AAAAAA==\n\n',
      'abcde',
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
    ],
    ['nothing', '0\n\n', '', {}],
    ['a line end inside', '4\na\nb\n0\n\n', 'a\r\nb', {}],
  ])('of %s', (_, text, bytes, trailers) => {
    const read = chunked(text);
    expect(read?.bytes.toString()).toBe(bytes);
    expect(read?.trailers).toEqual(trailers);
  });

  it.each([
    ['', 'empty'],
    ['abc', 'no size'],
    ['3\nab\n0\n\n', 'shorter than it says'],
    ['3\nabcd\n0\n\n', 'longer than it says'],
    ['3;chunk-signature=00\nabc\n0\n\n', 'with a signature'],
    ['3\nabc\n', 'without an end'],
    ['0\na:1\na:2\n\n', 'with a trailer twice'],
    ['0\n\nmore', 'with more behind it'],
    ['-1\n\n', 'of a negative size'],
  ])('%j is refused: %s', (text) => {
    expect(chunked(text)).toBeNull();
  });
});

describe('an XML body', () => {
  const read = (text: string) => {
    const node = parseXmlDocument(text);
    return node === null ? null : fromXml(node, SHAPES.Delete);
  };

  it('holds elements, attributes and entities', () => {
    const text =
      '<?xml version="1.0" encoding="UTF-8"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&amp;&#98;&#x63;</Key></Object><Object><Key/></Object><Quiet>true</Quiet></Delete>';
    expect(read(text)).toEqual({ Object: [{ Key: 'a&bc' }, { Key: '' }], Quiet: 'true' });
  });

  it.each([
    '',
    '<Delete>',
    '<Delete></Other>',
    '<!DOCTYPE x [<!ENTITY a "b">]><Delete/>',
    '<Delete><![CDATA[x]]></Delete>',
    '<Delete><!-- x --></Delete>',
    '<Delete>&unknown;</Delete>',
    '<Delete><Quiet>&amp</Quiet></Delete>',
    '<Delete><Quiet>&#0;</Quiet></Delete>',
    '<Delete><Quiet>true</Quiet><Quiet>true</Quiet></Delete>',
    '<Delete><Strange/></Delete>',
    '<Delete>text<Quiet/></Delete>',
    '<Delete/><Delete/>',
    '<a>'.repeat(40),
  ])('%j is refused', (text) => {
    expect(read(text)).toBeNull();
  });
});

describe('checksums', () => {
  // "123456789", the check value of each algorithm ("Catalogue of parametrised CRC algorithms"; RFC 3174 and FIPS 180 by OpenSSL).
  it.each([
    ['ChecksumCRC32', 'cbf43926'],
    ['ChecksumCRC32C', 'e3069283'],
    ['ChecksumCRC64NVME', 'ae8b14860a799888'],
    ['ChecksumSHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['ChecksumSHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ])('%s', (name, hex) => {
    expect(checksum(name, Buffer.from('123456789'))).toBe(Buffer.from(hex, 'hex').toString('base64'));
  });
});
