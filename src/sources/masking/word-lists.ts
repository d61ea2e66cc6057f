/** The words of made-up names, addresses and texts: ASCII, so that they fit into every encoding. */

const words = (text: string): readonly Uint8Array[] =>
  text
    .trim()
    .split(/\s+/)
    .map((word) => Buffer.from(word.replaceAll('_', ' ')));

export const firstNames = words(`
  Ada Adele Agnes Aino Albert Alice Alma Amir Andrea Anita Anton Arthur Astrid August Aurora Axel Beatrice Benjamin
  Bertha Bianca Boris Bruno Camille Carl Carmen Cecilia Chen Clara Claude Conrad Cyrus Dagmar Dalia Daniel Daria David
  Delia Diego Dora Edgar Edith Eila Elena Elias Ella Elmer Elsa Emil Emma Enzo Erik Esther Eva Fabian Farid Felix Fiona
  Flora Frank Freya Gabriel George Gerda Gloria Greta Gustav Hanna Hasan Hector Hedda Helena Henrik Hilda Hugo Ida Ines
  Ingrid Irene Isaac Ivan Ivy Jacob Jana Jasper Jelena Joan Johan Jonas Julia Kai Karin Karl Katya Klaus Lars Laura Leo
  Lena Lina Linus Louis Lucia Lydia Magnus Marco Maria Martin Maya Mei Mila Mona Nadia Nils Nina Nora Oscar Olga Otto
  Paula Petra Quentin Rosa Ruth Samir Silvia`);

export const lastNames = words(`
  Abbott Ahlgren Almeida Andersen Archer Aston Bakker Barlow Becker Bellini Berg Blake Bishop Boyd Brandt Brook Bruun
  Carter Castro Chandler Clarke Conti Cooper Costa Cruz Dahl Dalton Decker Delgado Diaz Dixon Duarte Dubois Eklund Ellis
  Engel Eriksen Esposito Falk Farmer Ferrari Fischer Fletcher Fontaine Forsberg Foster Frost Garcia Gardner Garnier
  Gibson Grant Gray Greco Gruber Haas Hansen Harper Hart Heller Hill Hoffman Holm Horvat Hunter Ibsen Ivanov Jansen
  Jensen Kane Keller Kovac Kruger Lambert Lange Larsen Leroy Lind Lopez Lund Maier Marino Marsh Martel Mason Mercer Moen
  Moreau Moretti Nagy Nash Novak Olsen Ortega Palmer Parker Perrin Porter Quinn Ramos Reed Reyes Ricci Riley Romano Rossi
  Ruiz Sawyer Schmidt Silva Sloan Stone Strand Svensson Tanner Thorn Torres Turner Vance Vega Vidal Vogel Wagner Walsh
  Weber Winter Wolf Young Zimmer Zeller Zola`);

export const streets = words(`
  Acorn_Street Amber_Road Aspen_Lane Beacon_Street Birch_Road Bridge_Street Brook_Lane Canal_Street Cedar_Road
  Chapel_Street Cherry_Lane Church_Road Cliff_Road College_Street Copper_Lane Court_Street Dale_Road Dock_Street
  Elm_Street Falcon_Road Fern_Lane Field_Road Forest_Road Fountain_Street Garden_Street Gate_Street Glen_Road
  Granite_Road Grove_Street Harbour_Road Hazel_Lane Heath_Road High_Street Hill_Road Iron_Street Ivy_Lane Juniper_Road
  King_Street Lake_Road Larch_Lane Lime_Street Linden_Road Maple_Street Market_Street Meadow_Lane Mill_Road Moss_Lane
  North_Street Oak_Road Orchard_Lane Park_Street Pearl_Street Pine_Road Quarry_Road Queen_Street River_Road
  Rose_Lane School_Street Spring_Road Station_Street Stone_Lane Tower_Road Valley_Road Willow_Street`);

export const cities = words(`
  Aldermoor Ambleford Ashbrook Barrowby Beckworth Birchwick Blackmere Brackenford Brightwell Calderby Clayford Coldbrook
  Cranfield Dalesford Deepwell Dunmere Eastbrook Elderby Fairmoor Farnwick Fenworth Foxbridge Glenford Graymoor Greenby
  Hallowick Harwell Hazelby Highmere Hollowford Ironbridge Kestrelby Kingsmoor Lakeby Langford Larkwell Lindmere Lowmoor
  Maplewick Marlbrook Millby Mossford Netherby Northmere Oakwell Oldbridge Otterford Pinewick Ravenby Redbrook Ridgeford
  Rushmere Sandwell Shorewick Silverby Stonemere Thornby Underhill Valeford Waterby Westmoor Whitwell Windermoor Wrenford`);

export const fillerWords = words(`
  lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna
  aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat duis aute
  irure in reprehenderit voluptate velit esse cillum fugiat nulla pariatur excepteur sint occaecat cupidatat non
  proident sunt culpa qui officia`);
