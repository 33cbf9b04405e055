/** Spanish: the device check. */
import type { Translation } from '../catalogue';
import type en from '../en/check';

const es: Translation<typeof en> = {
  title: 'Prueba de cámara y sonido',
  intro: {
    title: 'Cámara y sonido',
    text: 'Su navegador preguntará si esta página puede usar la cámara y el micrófono. Pulse «Permitir».',
    picture: 'Dibujo: la pregunta del navegador, con el botón «Permitir» marcado.',
    promptTitle: '¿Usar la cámara y el micrófono?',
    promptAllow: 'Permitir',
    promptBlock: 'Bloquear',
    go: 'Usar mi cámara y micrófono',
    voice: 'Seguir solo con voz',
    asking: 'Busque la pregunta de su navegador y pulse «Permitir».',
    waiting: 'Esperamos su respuesta…',
    arrow: 'La pregunta está en la parte de arriba de la ventana.',
  },
  camera: {
    title: '¿Se ve usted?',
    preview: 'Imagen de su cámara',
    yes: 'Sí, continuar',
    no: 'No, no veo nada',
    other: 'Cámara',
  },
  microphone: {
    title: 'Diga unas palabras',
    text: 'Diga, por ejemplo: «Buenos días, aquí estoy». Las barras se mueven cuando le oímos.',
    level: 'Volumen de su voz',
    listening: 'Estamos escuchando…',
    heard: 'Le oímos bien.',
    yes: 'Continuar',
    other: 'Micrófono',
  },
  speaker: {
    title: '¿Oye el timbre?',
    text: 'Pulse el botón y escuche.',
    play: 'Tocar el timbre',
    again: 'Tocarlo otra vez',
    yes: 'Sí, lo oigo',
    no: 'No',
    other: 'Altavoz',
  },
  summary: {
    titleOk: 'Todo funciona',
    titleMixed: 'Puede continuar',
    mixed: 'No todo funciona, pero la visita puede hacerse. La clínica ve esta lista y puede ayudarle.',
    running: 'Probamos su conexión a internet…',
    items: { camera: 'Cámara', microphone: 'Micrófono', speaker: 'Altavoz', network: 'Conexión a internet' },
    ok: 'funciona',
    skipped: 'sin probar',
    failed: 'no funciona',
    slowText: 'Si hace falta, el sonido va antes que la imagen.',
    slow: 'lenta',
    yes: 'Continuar',
  },
  problem: {
    again: 'Probar otra vez',
    anyway: 'Seguir de todos modos',
    how: 'Cómo arreglarlo',
    other: 'Usar otro dispositivo',
    picture: 'Dibujo: dónde guarda el navegador el permiso de la cámara.',
  },
  device: {
    failed: 'Este dispositivo no se puede usar. El anterior vuelve a estar activo.',
    system: 'El que elija el sistema',
    none: 'No hay ninguno',
    nameless: (n) => `Dispositivo ${n}`,
  },
  both: 'Cámara y micrófono',
};

export default es;
