/** Numbers of device files: one for the kernel, two in archives, put together as Linux does. */

export interface DeviceNumbers {
  readonly major: number;
  readonly minor: number;
}

export function numbersOfDevice(device: bigint): DeviceNumbers {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn & 0xffffffffn);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}

export function deviceOfNumbers({ major, minor }: DeviceNumbers): bigint {
  const [a, b] = [BigInt(major), BigInt(minor)];
  return ((a & 0xfffn) << 8n) | ((a & ~0xfffn) << 32n) | (b & 0xffn) | ((b & ~0xffn) << 12n);
}
