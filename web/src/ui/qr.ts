// A QR code as one path of squares, a unit each.
import qrcode from 'qrcode-generator';

export function qr(text: string): { size: number; path: string } {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  let path = '';
  for (let y = 0; y < size; ++y) {
    for (let x = 0; x < size; ++x) {
      if (!code.isDark(y, x)) continue;
      let width = 1;
      while (x + width < size && code.isDark(y, x + width)) ++width;
      path += `M${x} ${y}h${width}v1h-${width}z`;
      x += width;
    }
  }
  return { size, path };
}
